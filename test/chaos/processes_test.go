package chaos_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"peerguard/simulator/platform"
)

// process is a function that runs as a process of the package, one after the other.
type process struct {
	runtime
	checker *checker
	room    int

	turn sync.Mutex   // one end at a time
	gate sync.RWMutex // held for writing while there is no process to invoke
	now  *generation
}

// generation is one process from its start to its end.
type generation struct {
	*platform.Process
	over bool // its end is accounted for; whoever has the turn may look
}

// runtime is how a process is started and invoked.
type runtime struct {
	start  func() (*platform.Process, error)
	invoke func(ctx context.Context, inv platform.Invocation) platform.Result
	ended  func() // tells the platform that the process is no more
	close  func()
}

// golang is the Go runtime: the process polls.
func golang(dist string, env []string) runtime {
	api := &platform.Runtime{}
	server := httptest.NewServer(api)
	env = append([]string{platform.GoEnv(strings.TrimPrefix(server.URL, "http://"))}, env...)
	return runtime{
		start: func() (*platform.Process, error) {
			polls := api.Polls()
			p, err := platform.Start(platform.Command{Path: filepath.Join(dist, "peerguard"), Env: env})
			for err == nil && api.Polls() == polls { // before it polls it does not heed signals
				select {
				case <-p.Ended():
					return p, nil
				case <-time.After(2 * time.Millisecond):
				}
			}
			return p, err
		},
		invoke: api.Do,
		ended: func() {
			server.CloseClientConnections() // or a poll of the dead would take an invocation
			api.Died()
		},
		close: server.Close,
	}
}

// custom is the custom runtime: the process listens.
func custom(dist string, env []string) (runtime, error) {
	port, err := platform.FreePort()
	if err != nil {
		return runtime{}, err
	}
	client := &platform.Custom{Addr: "127.0.0.1:" + port}
	env = append([]string{platform.CustomEnv(port)}, env...)
	return runtime{
		start: func() (*platform.Process, error) {
			p, err := platform.Start(platform.Command{Path: filepath.Join(dist, "bootstrap"), Env: env})
			if err != nil {
				return nil, err
			}
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			return p, client.Ready(ctx)
		},
		invoke: client.Do,
		ended:  func() {},
		close:  func() {},
	}, nil
}

// launch starts the first process.
func launch(r runtime, c *checker, room int) (*process, error) {
	p := &process{runtime: r, checker: c, room: room}
	err := p.begin()
	return p, err
}

func (p *process) begin() error {
	started, err := p.start()
	if err != nil {
		return fmt.Errorf("starting an instance: %w", err)
	}
	g := &generation{Process: started}
	p.now = g
	go p.mourn(g)
	return nil
}

// mourn replaces a process that ended though nobody asked for it.
func (p *process) mourn(g *generation) {
	<-g.Ended()
	p.turn.Lock()
	defer p.turn.Unlock()
	if !g.over {
		p.replace(false)
	}
}

func (p *process) slots() int { return p.room }

func (p *process) do(ctx context.Context, inv platform.Invocation) platform.Result {
	_ = p.current() // invocations are not sent to nobody
	return p.invoke(ctx, inv)
}

// current waits until there is a process, and gives it.
func (p *process) current() *generation {
	p.gate.RLock()
	defer p.gate.RUnlock()
	return p.now
}

func (p *process) restart(kill bool) {
	p.turn.Lock()
	defer p.turn.Unlock()
	p.replace(kill)
}

// replace ends the process and puts a new one in its place. The caller has the turn.
func (p *process) replace(kill bool) {
	p.gate.Lock()
	defer p.gate.Unlock()
	p.end(kill)
	p.ended()
	p.checker.printed(p.now.Output())
	if err := p.begin(); err != nil {
		p.checker.crashed(err.Error())
	}
}

// end ends the process, unless it has ended by itself. What it was doing is lost when it is killed, and finished when it
// is not.
func (p *process) end(kill bool) {
	p.now.over = true
	select {
	case <-p.now.Ended():
		output := p.now.Output()
		p.checker.crashed("a process ended by itself: " + output[max(0, len(output)-2000):])
		return
	default:
	}
	if kill {
		p.now.Kill()
		return
	}
	if code, err := p.now.Stop(30 * time.Second); err != nil || code != 0 {
		p.checker.crashed(fmt.Sprintf("after SIGTERM: exit %d, %v", code, err))
	}
}

func (p *process) close() {
	p.turn.Lock()
	defer p.turn.Unlock()
	p.end(false)
	p.checker.printed(p.now.Output())
	p.runtime.close()
}
