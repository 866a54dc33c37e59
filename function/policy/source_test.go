package policy_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"peerguard/function/policy"
)

const (
	oneText   = "version: 1\nmode: enforce\nallow:\n  - {name: a, accounts: [\"1111\"], accounts_from: ids.txt}\n"
	otherText = "version: 1\nmode: enforce\nallow:\n  - {name: a, accounts: [\"9999\"], accounts_from: ids.txt}\n"
)

// tree is a file system in memory that counts how often a file is opened, and tells when.
type tree struct {
	lock   sync.Mutex
	files  fstest.MapFS
	opens  int
	onOpen func(name string)
}

func (f *tree) Open(name string) (fs.File, error) {
	if f.onOpen != nil {
		f.onOpen(name)
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	f.opens++
	return f.files.Open(name)
}

func (f *tree) Stat(name string) (fs.FileInfo, error) {
	f.lock.Lock()
	defer f.lock.Unlock()
	return f.files.Stat(name)
}

func (f *tree) opened() int {
	f.lock.Lock()
	defer f.lock.Unlock()
	return f.opens
}

func (f *tree) write(name, text string, changed time.Time) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.files[name] = &fstest.MapFile{Data: []byte(text), ModTime: changed}
}

func (f *tree) remove(name string) {
	f.lock.Lock()
	defer f.lock.Unlock()
	delete(f.files, name)
}

// newTree holds a policy that was written an hour ago.
func newTree() *tree {
	f := &tree{files: fstest.MapFS{}}
	f.write("policy.yaml", oneText, time.Now().Add(-time.Hour))
	f.write("ids.txt", "2222\n", time.Now().Add(-time.Hour))
	return f
}

func mustLoad(t *testing.T, s *policy.Source) *policy.Policy {
	t.Helper()
	p, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func allows(p *policy.Policy, account string) bool {
	return p.Decide(connection(account+" cn-x vpc-a - > 1 cn-y vpc-b"), time.Now()).Verdict == policy.Allow
}

func TestSourceReadsUnchangedFilesOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newTree()
		s := policy.NewSource(f, "policy.yaml")
		first := mustLoad(t, s)
		if f.opened() != 2 {
			t.Errorf("opened %d files, want 2", f.opened())
		}
		time.Sleep(time.Minute)
		if p := mustLoad(t, s); p != first || f.opened() != 2 {
			t.Errorf("unchanged files were read again: %d opened", f.opened())
		}
		f.write("policy.yaml", oneText, time.Now().Add(-time.Minute/2))
		if p := mustLoad(t, s); p != first || f.opened() != 4 {
			t.Errorf("a file that was only touched was parsed again: %d opened", f.opened())
		}
	})
}

func TestSourceSeesChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newTree()
		s := policy.NewSource(f, "policy.yaml")
		first := mustLoad(t, s)
		f.write("policy.yaml", otherText, time.Now().Add(-time.Minute))
		second := mustLoad(t, s)
		if second.Digest == first.Digest || allows(second, "1111") || !allows(second, "9999") {
			t.Error("a changed policy was not applied")
		}
		f.write("ids.txt", "3333\n", time.Now().Add(-time.Minute))
		third := mustLoad(t, s)
		if third.Digest != second.Digest || third.Files["ids.txt"] == second.Files["ids.txt"] || !allows(third, "3333") || allows(third, "2222") {
			t.Error("a change of a file that the policy names was not applied")
		}
		if !allows(first, "1111") || !allows(second, "2222") {
			t.Error("a policy that was handed out has changed")
		}
	})
}

func TestSourceNeverServesTheOldPolicy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newTree()
		s := policy.NewSource(f, "policy.yaml")
		mustLoad(t, s)
		start := time.Now()
		fails := func(what string) {
			t.Helper()
			p, err := s.Load(t.Context())
			if errs, ok := errors.AsType[policy.Errors](err); p != nil || !ok || len(errs) == 0 {
				t.Errorf("%s: got %v, %v", what, p, err)
			}
		}
		f.write("policy.yaml", "version: 1\n", start.Add(-time.Minute))
		fails("broken policy")
		fails("broken policy, again")
		f.remove("policy.yaml")
		fails("missing policy")
		f.write("policy.yaml", oneText, start.Add(-time.Minute))
		mustLoad(t, s)
		f.remove("ids.txt")
		fails("missing file of accounts")
		f.write("ids.txt", "x\n", start.Add(-time.Minute))
		fails("broken file of accounts")
		f.write("ids.txt", "2222\n", start.Add(-time.Minute))
		mustLoad(t, s)
		if waited := time.Since(start); waited != 0 {
			t.Errorf("waited %v for files that nobody is writing", waited)
		}
	})
}

func TestSourceWaitsForTheWriter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newTree()
		s := policy.NewSource(f, "policy.yaml")
		mustLoad(t, s)
		f.write("policy.yaml", "version: 1\nmode: enforce\nallow: []\n", time.Now()) // whole in itself, and not what is meant
		go func() {
			time.Sleep(200 * time.Millisecond)
			f.write("policy.yaml", otherText, time.Now())
		}()
		start := time.Now()
		if p := mustLoad(t, s); !allows(p, "9999") {
			t.Error("a half-written policy was applied")
		}
		if waited := time.Since(start); waited != 500*time.Millisecond {
			t.Errorf("waited %v", waited)
		}
	})
}

func TestSourceWaitsForTheWriterOfAccounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newTree()
		f.write("ids.txt", "22", time.Now().Add(-100*time.Millisecond))
		s := policy.NewSource(f, "policy.yaml")
		go func() {
			time.Sleep(100 * time.Millisecond)
			f.write("ids.txt", "2222\n4444\n", time.Now())
		}()
		if p := mustLoad(t, s); allows(p, "22") || !allows(p, "4444") {
			t.Error("a half-written list of accounts was applied")
		}
	})
}

func TestSourceGivesUpWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newTree()
		s := policy.NewSource(f, "policy.yaml")
		mustLoad(t, s)
		stop := make(chan struct{})
		go func() { // a writer that never ends
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				case <-time.After(90 * time.Millisecond):
					f.write("policy.yaml", oneText+"# "+string(rune('a'+n%26)), time.Now())
				}
			}
		}()
		f.write("policy.yaml", oneText+"#", time.Now())
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if p, err := s.Load(ctx); p != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, %v", p, err)
		}
		close(stop)
		mustLoad(t, s)
	})
}

func TestSourceInTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newTree()
		f.write("policy.yaml", oneText, time.Now())
		s := policy.NewSource(f, "policy.yaml")
		go func() {
			if _, err := s.Load(t.Context()); err != nil {
				t.Error(err)
			}
		}()
		synctest.Wait() // the other waits for the writer, and holds the turn
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := s.Load(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		opened := f.opened()
		time.Sleep(5 * time.Second)
		mustLoad(t, s)
		if f.opened() == opened {
			t.Error("nothing was read")
		}
	})
}

func TestSourceFromTheFuture(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newTree()
		f.write("policy.yaml", oneText, time.Now().Add(8*time.Hour)) // as packed in another time zone
		s := policy.NewSource(f, "policy.yaml")
		start := time.Now()
		first := mustLoad(t, s)
		if waited := time.Since(start); waited != 250*time.Millisecond {
			t.Errorf("the first reading took %v", waited)
		}
		time.Sleep(time.Minute)
		start = time.Now()
		if p := mustLoad(t, s); p != first || time.Since(start) != 0 {
			t.Errorf("the second reading took %v", time.Since(start))
		}
		f.write("policy.yaml", otherText, time.Now().Add(8*time.Hour-time.Minute-250*time.Millisecond)) // same size, same time
		if p := mustLoad(t, s); !allows(p, "9999") {
			t.Error("a change that the stamp does not show was not seen")
		}
	})
}

// TestSourceOnCoarseClocks: if a file system counts in seconds, two writes within one second have the same time.
func TestSourceOnCoarseClocks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newTree()
		written := time.Now()
		f.write("policy.yaml", oneText, written)
		time.Sleep(300 * time.Millisecond)
		s := policy.NewSource(f, "policy.yaml")
		mustLoad(t, s)
		time.Sleep(300 * time.Millisecond)
		f.write("policy.yaml", otherText, written)
		time.Sleep(300 * time.Millisecond)
		if p := mustLoad(t, s); !allows(p, "9999") {
			t.Error("a change within the same second was not seen")
		}
	})
}

// TestSourceReadsOneState: the policy changes after it was read, while the file that it names is being read.
func TestSourceReadsOneState(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newTree()
		f.onOpen = func(name string) {
			if name == "ids.txt" {
				f.onOpen = nil
				f.write("policy.yaml", otherText, time.Now().Add(-time.Minute))
				f.write("ids.txt", "3333\n", time.Now().Add(-time.Minute))
			}
		}
		p := mustLoad(t, policy.NewSource(f, "policy.yaml"))
		if !allows(p, "9999") || !allows(p, "3333") {
			t.Error("two states were mixed")
		}
	})
}

func TestSourceOnRealFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string, age time.Duration) {
		t.Helper()
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	write("policy.yaml", oneText, time.Hour)
	write("ids.txt", "2222\n", time.Hour)
	s := policy.NewSource(policy.Folder(dir), "policy.yaml")
	first := mustLoad(t, s)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if p, err := s.Load(t.Context()); p != first {
				t.Errorf("got another policy, %v", err)
			}
		})
	}
	all.Wait()
	write("policy.yaml", otherText, time.Minute)
	if p := mustLoad(t, s); !allows(p, "9999") {
		t.Error("a changed policy was not applied")
	}
	write("policy.yaml", oneText, 0) // just written: read until two readings agree
	if p := mustLoad(t, s); !allows(p, "1111") {
		t.Error("a fresh policy was not applied")
	}
	if err := os.Remove(filepath.Join(dir, "policy.yaml")); err != nil {
		t.Fatal(err)
	}
	if p, err := s.Load(t.Context()); p != nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, %v", p, err)
	}
}

// TestFolder: a symbolic link may lead to another file of the policy's folder, but not out of it.
func TestFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := func(to, name string) {
		t.Helper()
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	names := func(file string) string { return strings.Replace(oneText, "ids.txt", file, 1) }
	if err := os.MkdirAll(filepath.Join(dir, "policies", "lists"), 0o755); err != nil {
		t.Fatal(err)
	}
	write("secret.txt", "a secret line\n")
	write("outside.yaml", oneText)
	write("policies/lists/ids.txt", "2222\n")
	link("lists/ids.txt", "policies/inside.txt")
	link("../secret.txt", "policies/outside.txt")
	link(filepath.Join(dir, "policies", "lists", "ids.txt"), "policies/absolute.txt")
	link("..", "policies/up")
	link("../outside.yaml", "policies/policy.yaml")
	for file, want := range map[string]string{
		"inside.txt":    "",
		"outside.txt":   "names.yaml:4:50: reading outside.txt: a symbolic link leads out of the policy's folder",
		"absolute.txt":  "names.yaml:4:50: reading absolute.txt: a symbolic link leads out of the policy's folder",
		"up/secret.txt": "names.yaml:4:50: reading up/secret.txt: a symbolic link leads out of the policy's folder",
		"gone.txt":      "names.yaml:4:50: reading gone.txt: no such file or directory",
	} {
		write("policies/names.yaml", names(file))
		for how, load := range map[string]func() (*policy.Policy, error){
			"Load": func() (*policy.Policy, error) {
				return policy.Load(policy.Folder(filepath.Join(dir, "policies")), "names.yaml")
			},
			"Source": func() (*policy.Policy, error) {
				return policy.NewSource(policy.Folder(filepath.Join(dir, "policies")), "names.yaml").Load(t.Context())
			},
		} {
			if p, err := load(); (p == nil) != (want != "") || err == nil && want != "" || err != nil && err.Error() != want {
				t.Errorf("%s of %s: got %v, %v\nwant %s", how, file, p, err, want)
			}
		}
	}
	for folder, want := range map[string]string{
		"policies": "policy.yaml:1:1: reading policy.yaml: a symbolic link leads out of the policy's folder",
		"gone":     "policy.yaml:1:1: reading policy.yaml: no such file or directory",
	} {
		if _, err := policy.Load(policy.Folder(filepath.Join(dir, folder)), "policy.yaml"); err == nil || err.Error() != want {
			t.Errorf("%s: got %v\nwant %s", folder, err, want)
		}
	}
}
