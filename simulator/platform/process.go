package platform

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// Process is a running function, started with the environment variables that the platform sets and no others.
type Process struct {
	cmd    *exec.Cmd
	out    capture // both streams, interleaved
	stdout capture
	ended  chan struct{}
	code   int
}

// Command describes the process to start.
type Command struct {
	Path string   // of the binary or the bootstrap script
	Args []string // after the name
	Dir  string   // default: this process's
	Env  []string // NAME=value, added to the platform's and preferred over them; see GoEnv and CustomEnv
}

// GoEnv returns what the Go runtime adds to the environment.
func GoEnv(runtimeAPI string) string { return "FC_RUNTIME_API=" + runtimeAPI }

// CustomEnv returns what a custom runtime adds to the environment.
func CustomEnv(port string) string { return "FC_CUSTOM_LISTEN_PORT=" + port }

// platformEnv returns the variables of every function
// (https://www.alibabacloud.com/help/en/functioncompute/fc/environment-variables).
func platformEnv() []string {
	c := processCredentials()
	return []string{
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"HOME=/tmp",
		"FC_FUNC_CODE_PATH=/code/",
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + c.AccessKeyID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + c.AccessKeySecret,
		"ALIBABA_CLOUD_SECURITY_TOKEN=" + c.SecurityToken,
		"FC_ACCOUNT_ID=" + Account,
		"FC_REGION=" + Region,
		"FC_FUNCTION_HANDLER=peerguard",
		"FC_FUNCTION_MEMORY_SIZE=256",
		"FC_FUNCTION_NAME=peerguard",
		"FC_FUNCTION_VERSION=LATEST",
		"FC_INSTANCE_ID=c-00000000-canary",
	}
}

// Start starts a process. The caller must end it with Stop or Kill.
func Start(c Command) (*Process, error) {
	p := &Process{ended: make(chan struct{})}
	p.cmd = exec.Command(c.Path, c.Args...)
	p.cmd.Dir = c.Dir
	p.cmd.Env = append(platformEnv(), c.Env...)
	p.cmd.Stdout = tee{&p.out, &p.stdout}
	p.cmd.Stderr = &p.out
	p.cmd.WaitDelay = 5 * time.Second // a child that outlives the process must not block Wait
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the function: %w", err)
	}
	go p.wait()
	return p, nil
}

func (p *Process) wait() {
	err := p.cmd.Wait()
	p.code = p.cmd.ProcessState.ExitCode()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		_, _ = fmt.Fprintf(&p.out, "platform: %v\n", err)
	}
	close(p.ended)
}

// Stop sends SIGTERM and waits. It returns the exit code. If the process does not end in time, Stop kills it and returns
// an error.
func (p *Process) Stop(within time.Duration) (code int, err error) {
	_ = p.Signal(syscall.SIGTERM) // fails if the process has ended, which is fine
	return p.Wait(within)
}

// Signal sends a signal to the process.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Kill sends SIGKILL and waits for the process to end.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // fails if the process has ended, which is fine
	<-p.ended
}

// Wait waits for the process to end. It returns the exit code, or -1 if a signal ended the process. If the process does not
// end in time, Wait kills it and returns an error.
func (p *Process) Wait(within time.Duration) (code int, err error) {
	select {
	case <-p.ended:
	case <-time.After(within):
		p.Kill()
		return p.code, fmt.Errorf("waiting for the function to end: still running after %v", within)
	}
	return p.code, nil
}

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Pid returns the process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Output returns what the process has printed so far, on both streams.
func (p *Process) Output() string { return p.out.String() }

// Stdout returns what the process has printed so far on its standard output.
func (p *Process) Stdout() string { return p.stdout.String() }

// FreePort returns a port of the loopback interface that was free a moment ago.
func FreePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("looking for a free port: %w", err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

// capture is a buffer that can be read while it is being written.
type capture struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (c *capture) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf.Write(p)
}

func (c *capture) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf.String()
}

// tee writes to both.
type tee [2]*capture

func (t tee) Write(p []byte) (int, error) {
	_, _ = t[0].Write(p)
	return t[1].Write(p)
}
