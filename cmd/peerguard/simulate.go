package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"peerguard/function/acs"
	"peerguard/function/peering"
	"peerguard/simulator"
)

// simulateCommand serves the simulator over HTTP.
type simulateCommand struct {
	Listen     string        `placeholder:"HOST:PORT" help:"The address to listen on; port 0 picks a free one. The default is 127.0.0.1:8080, or a free port for a command."`
	AnyAddress bool          `help:"Allow --listen to be an address that other machines can reach."`
	Seed       string        `type:"existingfile" placeholder:"FILE" help:"The connections to start with: {\"connections\":[…]} of items as ListVpcPeerConnections returns them, optionally with \"directory\" and \"regions\". The default is a few pending requests from unknown accounts."`
	Account    string        `placeholder:"ACCOUNT" help:"The account that the printed key belongs to. The default is the accepter of the first connection."`
	Role       []string      `placeholder:"ARN" help:"A role that the account can assume, in the account that its ARN names. Can be repeated."`
	Deny       []string      `placeholder:"ACTION" help:"A permission that the account lacks, such as RejectVpcPeerConnection. Can be repeated."`
	Fault      []string      `placeholder:"ACTION:KIND[:N]" sep:"none" help:"A fault to inject, such as RejectVpcPeerConnection:throttle:3 or *:internal:p=0.2. Can be repeated."`
	Latency    time.Duration `placeholder:"DURATION" help:"How long each call takes."`
	ReadyAfter time.Duration `placeholder:"DURATION" help:"How long a new request is Creating, and a deleted one Deleting."`
	ListLag    time.Duration `placeholder:"DURATION" help:"How old the connections are that a list shows."`
	Most       int           `name:"max-connections" placeholder:"N" help:"How many connections an account can request in a region, pending and rejected ones included."`
	beside
	Command []string `arg:"" optional:"" passthrough:"" placeholder:"-- COMMAND" help:"A command to run with these variables, such as: -- peerguard sweep. The simulator ends with it."`
}

// The key that the simulator accepts. It is valid nowhere else.
const (
	simulatedID     = "simulated-id"
	simulatedSecret = "simulated-secret"

	secondID     = "simulated-id-2" // of the account of --requester
	secondSecret = "simulated-secret-2"
)

// Help is the long text of --help.
func (*simulateCommand) Help() string {
	return "Prints `export NAME=value` lines for peerguard and Alibaba Cloud's tools to stdout, and a line for each call to stderr. In bash:\n\n" +
		"  go tool peerguard simulate >simulator.env &\n  source simulator.env; go tool peerguard sweep\n\n" +
		"With a command after --, the command gets the variables, and stdout and stderr are its own:\n\n" +
		"  go tool peerguard simulate -- go tool peerguard sweep\n\n" +
		"Signatures, client tokens, states and permissions are checked as the API documents. Faults: " + faultKinds() + "."
}

func faultKinds() string {
	var words []string
	for _, k := range simulator.Kinds() {
		words = append(words, string(k))
	}
	return strings.Join(words, ", ")
}

// Run serves until ctx ends.
func (s *simulateCommand) Run(ctx context.Context, out *console) error {
	log := out.stderr
	if err := s.afterDashes(); err != nil {
		return err
	}
	if len(s.Command) > 0 {
		log = io.Discard
	}
	s.Listen = cmp.Or(s.Listen, s.usualAddress())
	cloud, items, err := s.cloud(log)
	if err != nil {
		return err
	}
	if err := s.checkAddress(); err != nil {
		return err
	}
	var lc net.ListenConfig
	listener, err := lc.Listen(ctx, "tcp", s.Listen)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	end, err := s.start(ctx, cloud, accepterRegion(items))
	if err != nil {
		return err
	}
	defer end()
	variables := announcement(reachable(listener.Addr()), accepterRegion(items))
	if s.Requester != "" {
		variable, remove, err := writeProfile()
		if err != nil {
			return err
		}
		defer remove()
		variables = slices.Insert(variables, 0, variable) // what reads the variables may wait for the last one
	}
	if len(s.Command) > 0 {
		return s.runCommand(ctx, out, listener, cloud, variables)
	}
	out.note("simulating %s of account %s on %s; Ctrl-C stops", count(len(items), "connection"), s.Account, listener.Addr())
	for _, pair := range variables {
		fprintf(out.stdout, "export %s\n", pair)
	}
	return serve(ctx, listener, cloud)
}

// afterDashes takes the -- off the command. Flags that the parser does not know arrive as a command too.
func (s *simulateCommand) afterDashes() error {
	if len(s.Command) == 0 {
		return nil
	}
	first := s.Command[0]
	s.Command = s.Command[1:]
	switch {
	case first == "--" && len(s.Command) > 0:
		return nil
	case first != "--" && strings.HasPrefix(first, "-"):
		return usageError("unknown flag " + first)
	}
	return usageError("a command goes after --, such as: peerguard simulate -- peerguard sweep")
}

func (s *simulateCommand) usualAddress() string {
	if len(s.Command) > 0 {
		return "127.0.0.1:0"
	}
	return "127.0.0.1:8080"
}

// reachable returns the address at which this machine reaches a listener. Endpoints without TLS must be loopback addresses.
func reachable(listening net.Addr) string {
	if tcp, ok := listening.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return listening.String()
}

// runCommand serves until the command ends, and ends with the command's exit code.
func (s *simulateCommand) runCommand(ctx context.Context, out *console, listener net.Listener, cloud http.Handler, variables []string) error {
	serving, stop := context.WithCancel(ctx)
	stopped := make(chan error, 1)
	go func() { stopped <- serve(serving, listener, cloud) }()
	command := exec.CommandContext(ctx, s.Command[0], s.Command[1:]...) //nolint:gosec // the operator's own command
	command.Env = append(os.Environ(), variables...)
	command.Stdin, command.Stdout, command.Stderr = out.stdin, out.file(), out.stderr
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	err := command.Run()
	stop()
	if unserved := <-stopped; unserved != nil {
		return unserved
	}
	if exited, ok := errors.AsType[*exec.ExitError](err); ok && exited.ExitCode() >= 0 {
		return exitStatus(exited.ExitCode())
	}
	if err != nil {
		return fmt.Errorf("running %s: %w", s.Command[0], err)
	}
	return nil
}

// checkAddress refuses an address that other machines can reach, unless --any-address allows it.
func (s *simulateCommand) checkAddress() error {
	host, _, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return usageError("--listen must be HOST:PORT, such as 127.0.0.1:8080")
	}
	if s.AnyAddress || acs.IsLoopback(host) {
		return nil
	}
	return usageError(fmt.Sprintf("--listen %s is not a loopback address, so other machines could use the simulator: pass --any-address to allow that", s.Listen))
}

// cloud returns the simulated cloud that the flags describe. It sets the account that the printed key belongs to.
func (s *simulateCommand) cloud(log io.Writer) (*simulator.Cloud, []simulator.Item, error) {
	seed, err := s.seed()
	if err != nil {
		return nil, nil, err
	}
	items := seed.Connections
	s.Account = cmp.Or(s.Account, string(firstAccepter(items)))
	account := peering.Account(s.Account)
	if !peering.ValidAccount(s.Account) {
		return nil, nil, usageError(fmt.Sprintf("--account %.40q is not an account id", s.Account))
	}
	if s.Requester != "" && !peering.ValidAccount(s.Requester) {
		return nil, nil, usageError(fmt.Sprintf("--requester %.40q is not an account id", s.Requester))
	}
	cloud := &simulator.Cloud{Latency: s.Latency, ReadyAfter: s.ReadyAfter, ListLag: s.ListLag, MaxConnections: s.Most, Record: func(c simulator.Call) { logCall(log, c) }}
	cloud.Plant(seed)
	cloud.AddKey(simulator.Key{ID: simulatedID, Secret: simulatedSecret, Account: account})
	if s.Requester != "" {
		s.addRequester(cloud)
	}
	for _, arn := range s.Role {
		cloud.AddRole(simulator.Role{ARN: arn, TrustedAccounts: []peering.Account{account}})
	}
	return cloud, items, s.breakCalls(cloud)
}

func (s *simulateCommand) seed() (simulator.Seed, error) {
	if s.Seed == "" {
		return simulator.Seed{Connections: simulator.DefaultSeed(time.Now())}, nil
	}
	file, err := os.Open(s.Seed)
	if err != nil {
		return simulator.Seed{}, fmt.Errorf("opening seed: %w", err)
	}
	defer file.Close()
	seed, err := simulator.Load(file)
	if err != nil {
		return simulator.Seed{}, fmt.Errorf("%s: %w", s.Seed, err)
	}
	return seed, nil
}

func firstAccepter(items []simulator.Item) peering.Account {
	if len(items) == 0 {
		return simulator.SeedAccepter
	}
	return items[0].Accepter()
}

// accepterRegion is where the account is asked first.
func accepterRegion(items []simulator.Item) string {
	if len(items) == 0 {
		return anyRegion
	}
	return items[0].AcceptingRegionID
}

// breakCalls applies the flags that make calls fail.
func (s *simulateCommand) breakCalls(cloud *simulator.Cloud) error {
	for _, action := range s.Deny {
		if !slices.Contains(simulator.Actions(), action) && action != "*" {
			return usageError(fmt.Sprintf("--deny %.60q is not an action: use * or one of %s", action, strings.Join(simulator.Actions(), ", ")))
		}
		cloud.Deny(peering.Account(s.Account), action)
	}
	for _, text := range s.Fault {
		fault, err := simulator.ParseFault(text)
		if err != nil {
			return usageError(err.Error())
		}
		cloud.Inject(fault)
	}
	return nil
}

// announcement returns the variables that a shell needs to use the simulator, as NAME=value. The empty token hides the token of a
// real session.
func announcement(address, region string) []string {
	return []string{
		"PEERGUARD_ENDPOINT=http://" + address,
		"PEERGUARD_STS_ENDPOINT=http://" + address,
		"PEERGUARD_VPC_ENDPOINT=http://" + address,
		"PEERGUARD_DIRECTORY_ENDPOINT=http://" + address,
		"ALIBABA_CLOUD_ACCESS_KEY_ID=" + simulatedID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET=" + simulatedSecret,
		"ALIBABA_CLOUD_SECURITY_TOKEN=",
		"ALIBABA_CLOUD_REGION_ID=" + region,
	}
}

// logCall prints a line for a call: the time, action, account, region, connection and result.
func logCall(out io.Writer, c simulator.Call) {
	words := []string{c.Time.Format(time.TimeOnly), cmp.Or(c.Action, "?"), cmp.Or(string(c.Account), "-"), cmp.Or(c.Region, "-"), cmp.Or(c.InstanceID, "-")}
	if c.DryRun {
		words = append(words, "dry-run")
	}
	words = append(words, cmp.Or(c.Outcome, "ok"))
	if c.Fault != "" {
		words = append(words, "fault="+string(c.Fault))
	}
	fprintf(out, "%s\n", strings.Join(words, " "))
}

// serve answers until ctx ends. Calls in flight get one more second.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	stopped := make(chan error, 1)
	go func() { stopped <- server.Serve(listener) }()
	select {
	case err := <-stopped:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if err := server.Shutdown(last); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stopping: %w", err)
	}
	return server.Close()
}
