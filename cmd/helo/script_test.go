package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(peerVariable); addr != "" {
		servePeer(addr)
	}
	testscript.Main(tidy{m}, map[string]func(){"helo": main})
}

// tidy runs the tests, and removes what they have built.
type tidy struct{ *testing.M }

// Run runs the tests.
func (m tidy) Run() int {
	defer func() { os.RemoveAll(binaryFolder) }()
	return m.M.Run()
}

// TestScripts runs the command as a person would: see testdata/*.txtar.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("UPDATE") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_STATE_HOME", e.WorkDir+"/state")
			e.Setenv("LOCALAPPDATA", e.WorkDir+`\state`)
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":  checkStatus,
			"octets":  writeOctets,
			"plain":   checkPlain,
			"inorder": checkOrder,
		},
	})
}
