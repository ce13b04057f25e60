package smtp

var clientLoginRules []clientRule
