package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"helo/content"
	"helo/sim/scenario"
)

const scenarioFolder = "scenarios"

// loadScenario reads a scenario: one that is built in, a file, or standard
// input for "-".
func loadScenario(name string, stdin io.Reader) (*scenario.Scenario, error) {
	if name == "-" {
		src, err := readSome(stdin, scenario.MaxFile)
		if err != nil {
			return nil, fmt.Errorf("failed to read the scenario from standard input: %w", err)
		}
		return scenario.Parse(src, "standard input")
	}
	if sc, err := builtIn(name); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return sc, err
	}
	src, err := readFile(name, scenario.MaxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !strings.ContainsAny(name, `/\.`):
		return nil, usageError{fmt.Errorf("there is no scenario %q: expected one that is built in (%s) or a file", name, strings.Join(scenarioNames(), ", "))}
	case err != nil:
		return nil, fmt.Errorf("failed to read the scenario: %w", err)
	}
	return scenario.Parse(src, name)
}

// readFile reads a file, but not much more than most octets of it, as
// [readSome] does.
func readFile(name string, most int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readSome(f, most)
}

// readSome reads to the end, but stops one octet behind most: so the caller can
// tell that there is too much, without having it all.
func readSome(r io.Reader, most int64) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, most+1))
}

// builtIn reads one of the scenarios inside the program. The error is
// [fs.ErrNotExist] if there is none of that name.
func builtIn(name string) (*scenario.Scenario, error) {
	file := path.Join(scenarioFolder, name+".yaml")
	if strings.Contains(name, "/") || !fs.ValidPath(file) {
		return nil, fs.ErrNotExist
	}
	src, err := fs.ReadFile(content.Files, file)
	if err != nil {
		return nil, err
	}
	return scenario.Parse(src, name+".yaml")
}

// scenarioNames lists the built-in scenarios.
func scenarioNames() []string {
	entries, err := fs.ReadDir(content.Files, scenarioFolder)
	if err != nil {
		return nil // it is embedded: it cannot be missing
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".yaml"); ok {
			names = append(names, name)
		}
	}
	return names
}
