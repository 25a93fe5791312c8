//go:build ignore

// Mutate looks for lines that no test of their package notices. It changes one
// operator, condition or statement at a time, runs the package's tests, and names what
// survives. By hand:
//
//	go run scripts/mutate.go ./internal/policy ./internal/stats
//	go run scripts/mutate.go -files '^(verdict|writes)' -run 'Judge|Writes' ./internal/runner
//
// The second form is for a package whose tests take long: it changes some files only, and
// runs only the tests that are theirs. What another test of the package would have noticed
// then survives.
//
// A survivor is a missing test, or a change that changes nothing. Nothing in the
// repository is written: the compiler is given each changed file by an overlay.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"
)

var (
	files   = flag.String("files", "", "change only the files whose name matches; empty = all")
	run     = flag.String("run", "", "only the tests that match, as for go test")
	skip    = flag.String("skip", "", "not the tests that match, as for go test")
	timeout = flag.Duration("timeout", time.Minute, "of the tests of one mutant; one that takes longer is killed")
	most    = flag.Int("most", 0, "at most so many mutants of a package, drawn by -seed; 0 = all")
	seed    = flag.Uint64("seed", 1, "of the draw")
	workers = flag.Int("workers", runtime.NumCPU(), "mutants that are tested at once")
)

func main() {
	flag.Parse()
	of, err := regexp.Compile(*files)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate: -files:", err)
		os.Exit(2)
	}
	survived := 0
	for _, pkg := range flag.Args() {
		mutants, err := mutantsOf(pkg, of)
		if err == nil {
			err = test(pkg, "")
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "mutate: %s: %v\n", pkg, err)
			os.Exit(1)
		}
		drawn := draw(mutants)
		n, killed, invalid := try(pkg, drawn)
		survived += n
		fmt.Printf("%s: of %d mutants %d drawn: %d killed, %d survived, %d do not compile\n", pkg, len(mutants), len(drawn), killed, n, invalid)
	}
	if survived > 0 {
		os.Exit(1)
	}
}

// mutant is a file with one change.
type mutant struct {
	file     string
	at       token.Position
	old, new string
	source   []byte
	from, to int
}

func (m mutant) String() string {
	return fmt.Sprintf("%s:%d: %s → %s", filepath.Base(m.file), m.at.Line, oneLine(m.old), oneLine(m.new))
}

func oneLine(s string) string {
	if s = strings.Join(strings.Fields(s), " "); len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}

func (m mutant) text() []byte {
	return bytes.Join([][]byte{m.source[:m.from], []byte(m.new), m.source[m.to:]}, nil)
}

func mutantsOf(pkg string, of *regexp.Regexp) (out []mutant, err error) {
	list, err := exec.Command("go", "list", "-f", `{{$d := .Dir}}{{range .GoFiles}}{{$d}}/{{.}}{{"\n"}}{{end}}`, pkg).Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	for _, file := range strings.Fields(string(list)) {
		if !of.MatchString(filepath.Base(file)) {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, source, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		if ast.IsGenerated(parsed) {
			continue
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			for _, c := range changes(n, source, set) {
				c.file, c.source, c.at = file, source, set.Position(n.Pos())
				out = append(out, c)
			}
			return true
		})
	}
	return out, nil
}

// others is what each operator is changed to.
var others = map[token.Token][]string{
	token.LSS: {"<=", ">="}, token.LEQ: {"<"}, token.GTR: {">=", "<="}, token.GEQ: {">"},
	token.EQL: {"!="}, token.NEQ: {"=="}, token.LAND: {"||"}, token.LOR: {"&&"},
	token.ADD: {"-"}, token.SUB: {"+"}, token.MUL: {"/"}, token.QUO: {"*"},
}

// changes are the mutants of one node.
func changes(n ast.Node, source []byte, set *token.FileSet) []mutant {
	offset := func(p token.Pos) int { return set.Position(p).Offset }
	replaced := func(from, to int, new string) mutant {
		return mutant{old: string(source[from:to]), new: new, from: from, to: to}
	}
	var out []mutant
	switch n := n.(type) {
	case *ast.BinaryExpr:
		at := offset(n.OpPos)
		for _, other := range others[n.Op] {
			out = append(out, replaced(at, at+len(n.Op.String()), other))
		}
	case *ast.IfStmt:
		from, to := offset(n.Cond.Pos()), offset(n.Cond.End())
		if _, ok := n.Cond.(*ast.BinaryExpr); !ok {
			out = append(out, replaced(from, to, "!("+string(source[from:to])+")"))
		}
	case *ast.ExprStmt, *ast.IncDecStmt, *ast.DeferStmt:
		out = append(out, replaced(offset(n.Pos()), offset(n.End()), ""))
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			out = append(out, replaced(offset(n.Pos()), offset(n.End()), ""))
		}
	}
	return out
}

func draw(mutants []mutant) []mutant {
	if *most == 0 || len(mutants) <= *most {
		return mutants
	}
	r := rand.New(rand.NewPCG(*seed, 0))
	r.Shuffle(len(mutants), func(i, j int) { mutants[i], mutants[j] = mutants[j], mutants[i] })
	return mutants[:*most]
}

// try tests each mutant, and names those that survive.
func try(pkg string, mutants []mutant) (survived, killed, invalid int) {
	var mu sync.Mutex
	var all sync.WaitGroup
	next := make(chan mutant)
	for range *workers {
		all.Go(func() {
			for m := range next {
				err := tested(pkg, m)
				mu.Lock()
				switch {
				case err == nil:
					survived++
					fmt.Println("survived:", m)
				case strings.Contains(err.Error(), "[build failed]"), strings.Contains(err.Error(), "[setup failed]"):
					invalid++
				default:
					killed++
				}
				mu.Unlock()
			}
		})
	}
	for _, m := range mutants {
		next <- m
	}
	close(next)
	all.Wait()
	return survived, killed, invalid
}

func tested(pkg string, m mutant) error {
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file, overlay := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, m.text(), 0o600); err != nil {
		return err
	}
	text, err := json.Marshal(map[string]map[string]string{"Replace": {m.file: file}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return err
	}
	return test(pkg, overlay)
}

// test runs the tests; its error holds what they printed.
func test(pkg, overlay string) error {
	args := []string{"test", "-vet=off", "-failfast", "-timeout", timeout.String()}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	if *run != "" {
		args = append(args, "-run", *run)
	}
	if *skip != "" {
		args = append(args, "-skip", *skip)
	}
	out, err := exec.Command("go", append(args, pkg)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}
