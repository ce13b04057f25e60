package sasl

// What a server knows of its users.

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"sync"

	"github.com/xdg-go/scram"
	"github.com/xdg-go/stringprep"
)

// Account is what a server knows of a user. An empty Password or Token matches
// none.
type Account struct{ User, Password, Token string }

// Check says what is wrong with an account that no one could ever use: a name or
// password that is empty or that SASLprep (RFC 4013 §2) refuses, or a token
// that could not be sent.
func (a Account) Check() error {
	if _, err := prepare(a.User); err != nil {
		return errors.New("the user's name " + err.Error())
	}
	if a.Password == "" && a.Token == "" {
		return errors.New("expected a password or a token")
	}
	if _, err := prepare(a.Password); a.Password != "" && err != nil {
		return errors.New("the password " + err.Error())
	}
	if a.Token != "" && !isToken(a.Token) {
		return errors.New("the token must be of printable ASCII characters without spaces")
	}
	return nil
}

// Accounts are a server's accounts. They can be used by many exchanges at the
// same time.
type Accounts struct {
	list    []*account // one a user
	byUser  map[string]*account
	byToken map[digest]*account
	once    sync.Once // of the SCRAM keys
	derive  func(user, password string) scram.StoredCredentials
}

type digest = [sha256.Size]byte

// account is one of them, or no one's.
type account struct {
	user, password string // as given
	prepared       string // the password as SASLprep has it; empty if there is none
	passwordSum    digest // of prepared
	tokenSum       digest
	hasToken       bool
	keys           scram.StoredCredentials // for SCRAM, once they are derived
}

// nobody stands for every user that does not exist: the same is done with it as
// with one that does.
var nobody = new(account)

// NewAccounts returns the accounts of that list. Of two with the same user the
// later one counts. An account that fails [Account.Check] cannot be used.
func NewAccounts(list []Account) *Accounts {
	a := &Accounts{
		byUser:  make(map[string]*account, len(list)),
		byToken: make(map[digest]*account),
		derive:  deriveKeys,
	}
	for _, given := range list {
		a.Add(given)
	}
	return a
}

// Add adds an account, in place of one with the same user. It is for accounts that
// nobody uses yet.
func (a *Accounts) Add(given Account) {
	user, err := prepare(given.User)
	if err != nil {
		return
	}
	x := a.byUser[user]
	if x == nil {
		x = new(account)
		a.list = append(a.list, x)
		a.byUser[user] = x
	}
	if a.byToken[x.tokenSum] == x {
		delete(a.byToken, x.tokenSum)
	}
	*x = account{user: given.User, password: given.Password}
	if p, err := prepare(given.Password); err == nil {
		x.prepared, x.passwordSum = p, sha256.Sum256([]byte(p))
	}
	if isToken(given.Token) {
		x.hasToken, x.tokenSum = true, sha256.Sum256([]byte(given.Token))
		a.byToken[x.tokenSum] = x
	}
}

// Has says whether there is such a user.
func (a *Accounts) Has(user string) bool { return a.find(user) != nobody }

// Users returns the users' names as they were given, in their order.
func (a *Accounts) Users() []string {
	users := make([]string, len(a.list))
	for i, x := range a.list {
		users[i] = x.user
	}
	return users
}

// find returns the user's account, or nobody. Names are compared as SASLprep
// has them (RFC 4616 §2, RFC 5802 §5.1); case counts.
func (a *Accounts) find(user string) *account {
	if user, err := prepare(user); err == nil {
		if x := a.byUser[user]; x != nil {
			return x
		}
	}
	return nobody
}

// withPassword returns the account if user and password are right, else nil.
// Digests are compared, and for nobody too, so that the time it takes tells
// neither how much of a password is right nor which users there are.
func (a *Accounts) withPassword(user, password string) *account {
	x := a.find(user)
	p, err := prepare(password)
	sum := sha256.Sum256([]byte(p))
	same := subtle.ConstantTimeCompare(sum[:], x.passwordSum[:])
	if same == 1 && err == nil && x.prepared != "" {
		return x
	}
	return nil
}

// withToken returns the account whose token it is, else nil. A user that is
// given has to be its user. The token is looked up by its digest, which
// whoever guesses cannot steer.
func (a *Accounts) withToken(user, token string) *account {
	sum := sha256.Sum256([]byte(token))
	x := nobody
	switch {
	case user != "":
		x = a.find(user)
	case a.byToken[sum] != nil:
		x = a.byToken[sum]
	}
	if subtle.ConstantTimeCompare(sum[:], x.tokenSum[:]) == 1 && x.hasToken {
		return x
	}
	return nil
}

// sameUser says whether two names are the same user's. An empty authorization
// identity is that of whoever logs in (RFC 4422 §3.4.1).
func sameUser(authz, user string) bool {
	if authz == "" || authz == user {
		return true
	}
	a, err := prepare(authz)
	b, err2 := prepare(user)
	return err == nil && err2 == nil && a == b
}

// prepare returns a name or a password as it is compared (RFC 4013 §2). It
// refuses what is or becomes empty (RFC 4616 §2). The error says what is wrong
// with it, to be written after what it is, and repeats nothing of it.
func prepare(s string) (string, error) {
	p, err := stringprep.SASLprep.Prepare(s)
	switch {
	case err != nil:
		return "", errors.New("has characters that SASLprep does not allow, such as control characters (RFC 4013 §2.3)")
	case p == "":
		return "", errors.New("must not be empty")
	}
	return p, nil
}

// isToken says whether a bearer token can be sent: it is of visible ASCII
// characters, a little more than RFC 6750 §2.1 has.
func isToken(s string) bool { return s != "" && isPrintable(s) }

// isPrintable says whether all octets are visible ASCII characters.
func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f {
			return false
		}
	}
	return true
}
