package sasl

// What a server keeps of its users' passwords for SCRAM.

import (
	"crypto/sha256"

	"github.com/xdg-go/scram"
)

// minIterations is how often a password is hashed for SCRAM, by us and at least
// by any server (RFC 7677 §4).
const minIterations = 4096

// credentials returns what a server keeps of the user's password for SCRAM
// (RFC 5802 §3). For a user that does not exist they are made up of the name:
// the same each time, as those of one that does, so that only the proof fails
// (RFC 5802 §7 lets a server hide the reason).
//
// They are made up for the others as well, so that the time it takes does not tell
// who there is.
func (a *Accounts) credentials(user string) scram.StoredCredentials {
	a.Derive()
	x := a.find(user)
	user = mustPrepare(user)
	made := func(what string) []byte { d := hashOf(what, user); return d[:] }
	keys := scram.StoredCredentials{
		KeyFactors: scram.KeyFactors{Salt: saltOf(user), Iters: minIterations},
		StoredKey:  made("stored key of nobody"),
		ServerKey:  made("server key of nobody"),
	}
	if x.keys.Iters > 0 {
		keys = x.keys
	}
	return keys
}

// Derive derives what SCRAM needs of all users' passwords, which is dear: some
// thousand hashes each. Who serves many clients does it before they come; else it
// is done when the first, whoever that is, logs in by SCRAM. Were it done for each
// in turn, or for those only that exist, then the time a server takes would tell
// who they are.
func (a *Accounts) Derive() {
	a.once.Do(func() {
		for _, x := range a.list {
			if x.prepared != "" {
				x.keys = a.derive(mustPrepare(x.user), x.prepared)
			}
		}
	})
}

// deriveKeys derives a user's keys from the password (RFC 5802 §3).
func deriveKeys(user, password string) scram.StoredCredentials {
	return keysOf(password, scram.KeyFactors{Salt: saltOf(user), Iters: minIterations})
}

func keysOf(password string, factors scram.KeyFactors) scram.StoredCredentials {
	client, _ := scram.SHA256.NewClientUnprepped("", password, "") // its error is always nil
	keys, err := client.GetStoredCredentialsWithError(factors)
	if err != nil {
		panic("sasl: " + err.Error()) // a hash of that length and number is always possible
	}
	return keys
}

// saltOf returns a user's salt, 16 octets. It is derived from the name, so that
// a run can be repeated; so two servers of ours give a user the same, which a
// salt drawn by chance would not be.
func saltOf(user string) string {
	d := hashOf("salt", user)
	return string(d[:16])
}

func hashOf(what, user string) digest {
	return sha256.Sum256([]byte("helo SCRAM " + what + "\x00" + user))
}

// mustPrepare prepares a name, or leaves it as it is where that is not possible:
// then it is no user's.
func mustPrepare(user string) string {
	if p, err := prepare(user); err == nil {
		return p
	}
	return user
}
