package live

// What the tests outside the package share with those inside it: they stand outside
// because they need the simulation as well.
var (
	StartAs = startAs
	Quiet   = quiet
)
