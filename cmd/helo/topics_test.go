package main

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"helo/sim"
	"helo/sim/check"
	"helo/sim/host"
	"helo/sim/scenario"
)

func TestExampleScenarioOfTheHelpRuns(t *testing.T) {
	sc, err := scenario.Parse([]byte(exampleScenario), "example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	tr, _, err := sim.Run(context.Background(), sc, sim.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range check.Outcomes(tr) {
		if o.Fate != check.Delivered {
			t.Errorf("%s is %s", o.Recipient, o.Fate)
		}
	}
}

// TestFaultsOfTheHelpAreRead parses each fault that the help and the README
// show.
func TestFaultsOfTheHelpAreRead(t *testing.T) {
	n := 0
	for line := range strings.Lines(faultsTopic()) {
		m := regexp.MustCompile(`^  ((?:msa>)?(?:mx|msa) \S.*?)(?:   .*)?\n$`).FindStringSubmatch(line)
		if m == nil || !strings.ContainsAny(m[1], "=") && !strings.Contains(m[1], "refuse") {
			continue
		}
		n++
		if _, err := host.ParseFault(strings.TrimSpace(m[1])); err != nil {
			t.Errorf("%q: %v", m[1], err)
		}
	}
	if n < 6 {
		t.Errorf("found %d faults in the help, expected all of them", n)
	}
}

func TestFaultsOfTheReadmeAreRead(t *testing.T) {
	n := 0
	eachFile(t, func(name string, src []byte) {
		if name != "README.md" {
			return
		}
		for line := range strings.Lines(string(src)) {
			if !strings.HasPrefix(line, "| ") {
				continue
			}
			for _, m := range regexp.MustCompile("`((?:mx|msa)[^`]*)`").FindAllStringSubmatch(line, -1) {
				n++
				if _, err := host.ParseFault(m[1]); err != nil {
					t.Errorf("%q: %v", m[1], err)
				}
			}
		}
	})
	if n < 7 {
		t.Errorf("found %d faults in the README, expected all of them", n)
	}
}
