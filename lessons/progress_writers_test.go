package lessons

// Several helos that save progress at the same time, and one that is killed.

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"helo/sim/live/disk"
)

// The test program is also the other helo: with this variable it writes
// progress into a folder instead of running tests.
const writerEnv = "HELO_TEST_WRITER"

func TestMain(m *testing.M) {
	if job := os.Getenv(writerEnv); job != "" {
		if err := write(job); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// write saves progress again and again: `NAME TIMES FOLDER`, for ever with 0
// times. Each time is another helo, which leaves one lesson of its own more, and
// says so with a dot.
func write(job string) error {
	parts := strings.SplitN(job, " ", 3)
	times, err := strconv.Atoi(parts[1])
	if err != nil {
		return err
	}
	for i := 0; times == 0 || i < times; i++ {
		p, err := LoadProgress(parts[2])
		if err != nil {
			return err
		}
		if p.Told != "" {
			return errors.New(p.Told)
		}
		p.Leave(Mark{Lesson: "shared", Step: i}, noon.Add(time.Duration(i)*time.Second))
		p.Finish(fmt.Sprintf("%s-%d", parts[0], i%200), noon)
		if err := p.Save(); err != nil {
			return err
		}
		if _, err := os.Stdout.WriteString("."); err != nil {
			return err
		}
	}
	return nil
}

func writer(t *testing.T, job string) *exec.Cmd {
	t.Helper()
	cmd := writerOf(t, job)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// writerOf is a writer that has not been started.
func writerOf(t *testing.T, job string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), writerEnv+"="+job)
	var out strings.Builder
	cmd.Stderr = &out
	t.Cleanup(func() {
		if t.Failed() && out.Len() > 0 {
			t.Log(out.String())
		}
	})
	return cmd
}

// A kill at any moment leaves the old or the new file. The writer says when it
// has saved, so that each kill comes while it saves, however busy the machine is.
func TestAKillLeavesTheOldOrTheNewFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process there ends only when its calls are over")
	}
	dir := t.TempDir()
	put(t, dir, `{"version":1,"kept":true,"lessons":{"first":{"done":"2026-11-23T12:00:00Z"}}}`)
	kills := 40
	if testing.Short() {
		kills = 8
	}
	most := 0
	for i := range kills {
		cmd := writerOf(t, fmt.Sprintf("w%d 0 %s", i, dir))
		dots, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		const saves = 2
		var took time.Duration // by the last of them
		for range saves {
			begin := time.Now()
			if _, err := io.ReadFull(dots, make([]byte, 1)); err != nil {
				t.Fatalf("the writer ended by itself: %v", cmd.Wait())
			}
			took = time.Since(begin)
		}
		time.Sleep(took * time.Duration(i*3%37) / 37) // somewhere in the next
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err == nil {
			t.Fatal("the writer ended by itself")
		}
		p := loaded(t, dir)
		if p.Told != "" {
			t.Fatalf("after kill %d: %s", i+1, p.Told)
		}
		if p.Lesson("first").Done.IsZero() || !strings.Contains(get(t, dir), `"kept"`) {
			t.Fatalf("after kill %d something is lost", i+1)
		}
		for n := range saves {
			if p.Lesson(fmt.Sprintf("w%d-%d", i, n)).Done.IsZero() {
				t.Fatalf("after kill %d save %d is lost", i+1, n+1)
			}
		}
		if n := len(p.data.Lessons); n < most+saves {
			t.Fatalf("after kill %d there are %d lessons, before there were %d", i+1, n, most)
		} else {
			most = n
		}
	}
	p := loaded(t, dir)
	saved(t, p) // the lock of a killed helo is gone with it
	if left := disk.Unfinished(p.path()); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestTwoHelosAtOnceLoseNothing(t *testing.T) {
	dir := t.TempDir()
	const times = 60
	var writers []*exec.Cmd
	for _, name := range []string{"one", "two", "three"} {
		writers = append(writers, writer(t, fmt.Sprintf("%s %d %s", name, times, dir)))
	}
	for _, w := range writers {
		if err := w.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	p := loaded(t, dir)
	for _, name := range []string{"one", "two", "three"} {
		for i := range times {
			if p.Lesson(fmt.Sprintf("%s-%d", name, i)).Done.IsZero() {
				t.Fatalf("%s-%d is lost", name, i)
			}
		}
	}
	if m := p.Lesson("shared").Mark; m == nil || m.Step != times-1 {
		t.Errorf("the newest mark is %+v", m)
	}
}
