package importer

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clonepool.dev/clone-agent/internal/importer/database"
	"clonepool.dev/clone-agent/internal/importer/source"
	"clonepool.dev/clone-agent/internal/importer/sourcetest"
	"clonepool.dev/clone-agent/internal/job"
	"clonepool.dev/clone-agent/internal/layout"
)

// agentVariable makes this binary an agent that imports what its standard input says, so that it can be killed.
const agentVariable = "CLONE_AGENT_TEST_IMPORT"

func TestMain(m *testing.M) {
	if os.Getenv(agentVariable) != "" {
		beAgent()
		os.Exit(0)
	}
	code := m.Run()
	if pristine.dir != "" {
		os.RemoveAll(pristine.dir)
	}
	os.Exit(code)
}

// order is what an agent is told.
type order struct {
	Job        job.Job
	Dir, HTTP  string
	Database   database.Address
	ChunkBytes int64
}

// beAgent prints the last line of the import.
func beAgent() {
	var o order
	if err := json.NewDecoder(os.Stdin).Decode(&o); err != nil {
		panic(err)
	}
	env := envIn(o.Dir, o.Database, o.HTTP)
	env.ChunkBytes = o.ChunkBytes
	env.Restore = func(context.Context) error { panic("the document root was restored") }
	var last job.Line
	Run(context.Background(), o.Job, env, func(line job.Line) { last = line }, func(Fetch) {})
	if err := json.NewEncoder(os.Stdout).Encode(last); err != nil {
		panic(err)
	}
}

// agents import a site one after the other, each until it is killed.
type agents struct {
	t      *testing.T
	source *sourcetest.Server
	order  order
	sent   atomic.Int64 // bytes of the source

	mu      sync.Mutex
	present *exec.Cmd
}

func newAgents(t *testing.T, server *dbServer, site sourcetest.Site) *agents {
	env := pod(t, server.Address, works)
	a := &agents{t: t, source: sourcetest.Start(t, site)}
	a.source.MaxRows = 200
	a.order = order{a.source.Job(), filepath.Dir(env.Docroot), env.HTTPAddress, server.Address, 60_000}
	return a
}

// kill ends the present agent, wherever it is.
func (a *agents) kill() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.present != nil {
		_ = a.present.Process.Kill()
	}
}

// life runs an agent to its end. It returns the last line, or nothing of one that was killed.
func (a *agents) life() (line *job.Line) {
	a.t.Helper()
	_, err := os.Lstat(filepath.Join(a.order.Dir, layout.BackfillDir))
	a.order.Job.Backfill = err == nil // as PID 1 has it
	input, err := json.Marshal(a.order)
	if err != nil {
		a.t.Fatal(err)
	}
	var out bytes.Buffer
	agent := exec.Command("/proc/self/exe")
	agent.Env = []string{agentVariable + "=1"}
	agent.Stdin, agent.Stdout, agent.Stderr = bytes.NewReader(input), &out, os.Stderr
	a.mu.Lock()
	a.present, err = agent, agent.Start()
	a.mu.Unlock()
	if err != nil {
		a.t.Fatal(err)
	}
	if err := agent.Wait(); err != nil {
		return nil
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		a.t.Fatalf("%v: %s", err, out.Bytes())
	}
	return line
}

// counted counts what the source sends, and does something with each write.
type counted struct {
	http.ResponseWriter
	each func(bytes int)
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.each(n)
	return n, err
}

func (c *counted) Flush() { c.ResponseWriter.(http.Flusher).Flush() }

// killEach kills the agents when the source has sent so many bytes more.
func (a *agents) killEach(after func() int64) {
	next := after()
	a.source.Wrap = func(_ sourcetest.Request, w http.ResponseWriter) http.ResponseWriter {
		return &counted{w, func(n int) {
			a.mu.Lock()
			defer a.mu.Unlock()
			if a.sent.Add(int64(n)) >= next && a.present != nil {
				w.(http.Flusher).Flush()
				_ = a.present.Process.Kill()
				a.present = nil
				next = a.sent.Load() + after()
			}
		}}
	}
}

// envIn is that of a pod whose volume is dir.
func envIn(dir string, address database.Address, httpAddress string) Env {
	return Env{
		Docroot: filepath.Join(dir, "html"), LeaseDir: filepath.Join(dir, ".clone"), SpillDir: dir, TempDir: dir, Database: address,
		PasswordFile: filepath.Join(dir, "db-password"), HTTPAddress: httpAddress, Source: source.Options{Backoff: time.Millisecond},
	}
}
