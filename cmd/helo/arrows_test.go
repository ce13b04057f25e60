package main

// The house rules that a machine can check: which folders there are, which way
// imports point, what the deterministic part of the program may not use, and
// the one form in which an RFC is cited.

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

// arrows says which of our top-level folders a folder may import.
var arrows = map[string][]string{
	"cmd":      {"cmd", "lessons", "sim", "protocol", "content"},
	"lessons":  {"lessons", "sim", "protocol"},
	"sim":      {"sim", "protocol"},
	"protocol": {"protocol"},
	"content":  {},
}

// forbidden are imports that a folder and all below it must not have. A name
// that ends in / stands for everything below it.
var forbidden = map[string][]string{
	"protocol": {"os", "os/", "net", "net/http", "net/mail", "net/textproto", "math/rand", "math/rand/v2", "crypto/rand", "log", "syscall", "unsafe"},
	"sim":      {"os", "os/", "net", "net/http", "net/mail", "net/textproto", "math/rand", "math/rand/v2", "crypto/rand", "log", "syscall", "unsafe"},
	"sim/host": {"helo/sim", "helo/sim/live", "helo/sim/scenario", "helo/sim/export", "helo/sim/explain"},
}

// excepted are forbidden imports that a folder may have all the same: crypto/tls
// runs on a net.Conn, in a simulation as well.
var excepted = map[string][]string{
	"sim/secure": {"net"},
}

// clocks are the functions and values of package time that read the machine's
// clock or zone, or wait.
var clocks = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker", "Local", "LoadLocation"}

// sansIO are the folders that must give the same octets on any machine.
func sansIO(dir string) bool {
	return under(dir, "protocol") || under(dir, "sim") && !under(dir, "sim/live")
}

func under(dir, parent string) bool { return dir == parent || strings.HasPrefix(dir, parent+"/") }

func TestTopLevelIsTheFiveFolders(t *testing.T) {
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	ignored, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if err != nil {
		t.Fatal(err)
	}
	files := []string{"go.mod", "go.sum", "README.md", "LICENSE", "CONTRIBUTING.md"}
	var missing []string
	for folder := range arrows {
		missing = append(missing, folder)
	}
	missing = append(missing, files...)
	for _, e := range entries {
		name := e.Name()
		if i := slices.Index(missing, name); i >= 0 {
			missing = slices.Delete(missing, i, i+1)
		}
		_, folder := arrows[name]
		switch {
		case strings.HasPrefix(name, "."):
		case e.IsDir() && !folder:
			t.Errorf("the folder %s is not one of cmd, sim, lessons, protocol and content", name)
		case !e.IsDir() && !slices.Contains(files, name) && !matchesAny(string(ignored), name):
			t.Errorf("the file %s does not belong at the top level", name)
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Errorf("missing at the top level: %s", strings.Join(missing, ", "))
	}
}

func matchesAny(patterns, name string) bool {
	for p := range strings.FieldsSeq(patterns) {
		if ok, err := path.Match(strings.TrimPrefix(p, "/"), name); ok && err == nil {
			return true
		}
	}
	return false
}

func TestImportsPointOneWay(t *testing.T) {
	n := 0
	eachGoFile(t, func(dir string, file *ast.File, fset *token.FileSet) {
		n++
		top, _, _ := strings.Cut(dir, "/")
		for _, spec := range file.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			where := fset.Position(spec.Pos())
			if ours, ok := strings.CutPrefix(name, "helo/"); ok {
				to, _, _ := strings.Cut(ours, "/")
				if !slices.Contains(arrows[top], to) {
					t.Errorf("%s: %s must not import %s", where, dir, name)
				}
			}
			for parent, list := range forbidden {
				if under(dir, parent) && !under(dir, "sim/live") && forbids(list, name) && !slices.Contains(excepted[dir], name) {
					t.Errorf("%s: %s must not import %s", where, dir, name)
				}
			}
		}
	})
	if n < 5 {
		t.Errorf("looked at %d files only; is %s still the top of the module?", n, root)
	}
}

func forbids(list []string, name string) bool {
	return slices.ContainsFunc(list, func(f string) bool {
		return name == f || strings.HasSuffix(f, "/") && strings.HasPrefix(name, f)
	})
}

func TestProtocolAndSimulationAreDeterministic(t *testing.T) {
	eachGoFile(t, func(dir string, file *ast.File, fset *token.FileSet) {
		if !sansIO(dir) {
			return
		}
		for _, problem := range impurities(file) {
			t.Errorf("%s: %s", fset.Position(problem.at), problem.what)
		}
	})
}

func TestImpuritiesAreFound(t *testing.T) {
	for _, tt := range []struct{ code, want string }{
		{`var t = time.Now()`, "time.Now"},
		{`func f() { time.Sleep(1) }`, "time.Sleep"},
		{`var z = time.Local`, "time.Local"},
		{`func f() { go f() }`, "go statement"},
		{`func f() { select {} }`, "select"},
		{`var x float64`, "float64"},
		{`var x = 1.5`, "1.5"},
		{`var d = 5 * time.Second`, ""},
	} {
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, "x.go", "package x\nimport \"time\"\n"+tt.code, 0)
		if err != nil {
			t.Fatal(err)
		}
		got := fmt.Sprint(impurities(file))
		if tt.want == "" && got != "[]" || !strings.Contains(got, tt.want) {
			t.Errorf("%s: found %s, want %q", tt.code, got, tt.want)
		}
	}
}

type impurity struct {
	at   token.Pos
	what string
}

// impurities finds what makes a run depend on the machine.
func impurities(file *ast.File) []impurity {
	var found []impurity
	clock := importName(file, "time")
	ast.Inspect(file, func(n ast.Node) bool {
		switch v := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := v.X.(*ast.Ident); ok && clock != "" && x.Name == clock && slices.Contains(clocks, v.Sel.Name) {
				found = append(found, impurity{v.Pos(), "time." + v.Sel.Name + " depends on the machine; use virtual time"})
			}
		case *ast.GoStmt:
			found = append(found, impurity{v.Pos(), "a go statement: a run has one goroutine"})
		case *ast.SelectStmt:
			found = append(found, impurity{v.Pos(), "select chooses at random"})
		case *ast.Ident:
			if v.Name == "float32" || v.Name == "float64" {
				found = append(found, impurity{v.Pos(), v.Name + ": processors round differently"})
			}
		case *ast.BasicLit:
			if v.Kind == token.FLOAT {
				found = append(found, impurity{v.Pos(), v.Value + " is a float: processors round differently"})
			}
		}
		return true
	})
	return found
}

// importName is what a file calls a package, "" if it does not import it.
func importName(file *ast.File, name string) string {
	for _, spec := range file.Imports {
		if spec.Path.Value == strconv.Quote(name) {
			if spec.Name != nil {
				return spec.Name.Name
			}
			return path.Base(name)
		}
	}
	return ""
}

// eachGoFile parses every Go file of the module that is not a test.
func eachGoFile(t *testing.T, visit func(dir string, file *ast.File, fset *token.FileSet)) {
	t.Helper()
	fset := token.NewFileSet()
	eachFile(t, func(name string, src []byte) {
		if path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return
		}
		file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		visit(path.Dir(name), file, fset)
	})
}

// eachFile reads every file of the project, named from its top.
func eachFile(t *testing.T, visit func(name string, src []byte)) {
	t.Helper()
	project := os.DirFS(root)
	err := fs.WalkDir(project, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && name != "." && (strings.HasPrefix(e.Name(), ".") || e.Name() == "fuzz") {
			return fs.SkipDir
		}
		if !e.Type().IsRegular() || !slices.Contains([]string{".go", ".md", ".yaml", ".txtar", ".txt"}, path.Ext(name)) {
			return nil
		}
		src, err := fs.ReadFile(project, name)
		if err != nil {
			return err
		}
		visit(name, src)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

const section = `§(?:[0-9]+|[A-Z])(?:\.[0-9]+)*`

var (
	// A line break inside prose, with the comment mark of the next line.
	lineBreak = regexp.MustCompile(`[ \t]*\r?\n[ \t]*(?://|#|>|\*)?[ \t]*`)
	// Anything that means to cite an RFC or a section of one.
	citation = regexp.MustCompile(`(?i)\brfcs?[ -]?[0-9]+|§[ §]*[0-9A-Z]|\bsections? [0-9]+(?:\.[0-9]+)+`)
	// The one form, with or without a section, or with a list of them.
	oneForm = regexp.MustCompile(`^RFC [0-9]{3,4}(?: ` + section + `(?:(?:,|,? and| to) ` + section + `)*)?`)
	// What must not follow an RFC's number: a section in another form.
	badTail = regexp.MustCompile(`^(?i:[,;]? ?\(?(?:sections?|sec\.?|chapter|paragraph|par\.) ?[0-9]|[,;]? [0-9]+\.[0-9]|,? ?§)`)
)

func TestCitationsOfRFCsHaveOneForm(t *testing.T) {
	eachFile(t, func(name string, src []byte) {
		if name == "cmd/helo/arrows_test.go" {
			return // it has examples of the wrong forms
		}
		for _, m := range malformed(src) {
			t.Errorf("%s: %q should read like RFC 5321 §4.1.1.2", name, m)
		}
	})
}

func TestMalformedCitationsAreFound(t *testing.T) {
	for _, tt := range []struct {
		text string
		want int
	}{
		{"see RFC 5321 §4.1.1.2.", 0},
		{"RFC 788 and RFC 5321 §4.1, RFC 5322", 0},
		{"// the size (RFC 5321\n// §4.5.3.1) is", 0},
		{"https://www.rfc-editor.org/rfc/rfc5321", 0},
		{"rfc: [RFC 5321 §3.3]", 0},
		{"RFC5321", 1},
		{"rfc 5321", 1},
		{"RFC-5321", 1},
		{"section 4.1", 1},
		{"RFC 5321 4.1.1", 1},
		{"RFC 5321, section 4.1.1", 1},
		{"RFC 5321 section 4", 1},
		{"RFC 5321§4.1", 1},
		{"RFC 5321 § 4.1", 1},
		{"RFC 5321 §4.1, §4.2 and §4.3", 0},
		{"RFC 5321 §4.1 to §4.3, RFC 5322 §2", 0},
		{"t.Format(time.RFC3339)", 0},
		{`"rfc822;bob@receiver.example", message/rfc822`, 0},
		{"RFC 5321 §4.1; §4.2", 1},
		{"(§4.2)", 1},
		{"RFCs 5321", 1},
	} {
		if got := malformed([]byte(tt.text)); len(got) != tt.want {
			t.Errorf("%q: found %q, want %d", tt.text, got, tt.want)
		}
	}
}

// malformed returns the citations in src that have not the one form.
func malformed(src []byte) []string {
	text := string(lineBreak.ReplaceAll(bytes.ToValidUTF8(src, []byte("?")), []byte(" ")))
	var found []string
	for done := 0; ; {
		at := citation.FindStringIndex(text[done:])
		if at == nil {
			return found
		}
		start, end := done+at[0], done+at[1]
		good := oneForm.FindString(text[start:])
		switch {
		case strings.HasPrefix(text[start:], "rfc822"): // a type of addresses (RFC 3461 §4.2)
		case start > 0 && (text[start-1] == '/' || text[start-1] == '.'): // in an address of the web; time.RFC3339
		case good == "" || badTail.MatchString(text[start+len(good):]):
			found = append(found, text[max(0, start-10):min(len(text), end+12)])
			if tail := badTail.FindString(text[start+len(good):]); good != "" {
				end = start + len(good) + len(tail)
			}
		}
		done = max(end, start+len(good))
	}
}
