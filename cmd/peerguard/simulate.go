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
	"slices"
	"strings"
	"time"

	"peerguard/function/acs"
	"peerguard/function/peering"
	"peerguard/simulator"
)

// simulateCommand serves the simulator over HTTP.
type simulateCommand struct {
	Listen     string        `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"The address to listen on; port 0 picks a free one."`
	AnyAddress bool          `help:"Allow --listen to be an address that other machines can reach."`
	Seed       string        `type:"existingfile" placeholder:"FILE" help:"The connections to start with: {\"connections\":[…]} of items as ListVpcPeerConnections returns them, optionally with \"directory\" and \"regions\". The default is a few pending requests from unknown accounts."`
	Account    string        `placeholder:"ACCOUNT" help:"The account that the printed key belongs to. The default is the accepter of the first connection."`
	Role       []string      `placeholder:"ARN" help:"A role that the account can assume, in the account that its ARN names. Can be repeated."`
	Deny       []string      `placeholder:"ACTION" help:"A permission that the account lacks, such as RejectVpcPeerConnection. Can be repeated."`
	Fault      []string      `placeholder:"ACTION:KIND[:N]" sep:"none" help:"A fault to inject, such as RejectVpcPeerConnection:throttle:3 or *:internal:p=0.2. Can be repeated."`
	Latency    time.Duration `placeholder:"DURATION" help:"How long each call takes."`
}

// The key that the simulator accepts. It is valid nowhere else.
const (
	simulatedID     = "simulated-id"
	simulatedSecret = "simulated-secret"
)

// Help is the long text of --help.
func (*simulateCommand) Help() string {
	return "Prints `export NAME=value` lines for peerguard and Alibaba Cloud's tools to stdout, and a line for each call to stderr. In bash:\n\n" +
		"  go tool peerguard simulate >simulator.env &\n  source simulator.env; go tool peerguard sweep\n\n" +
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
	cloud, items, err := s.cloud(out.stderr)
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
	out.note("simulating %s of account %s on %s; Ctrl-C stops", count(len(items), "connection"), s.Account, listener.Addr())
	announce(out.stdout, listener.Addr().String(), items)
	return serve(ctx, listener, cloud)
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
	cloud := &simulator.Cloud{Latency: s.Latency, Record: func(c simulator.Call) { logCall(log, c) }}
	cloud.Plant(seed)
	cloud.AddKey(simulator.Key{ID: simulatedID, Secret: simulatedSecret, Account: account})
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

// announce prints the variables that a shell needs to use the simulator. The empty token hides the token of a real session.
func announce(out io.Writer, address string, items []simulator.Item) {
	region := "cn-hangzhou"
	if len(items) > 0 {
		region = items[0].AcceptingRegionID
	}
	for _, pair := range [][2]string{
		{"PEERGUARD_ENDPOINT", "http://" + address},
		{"PEERGUARD_STS_ENDPOINT", "http://" + address},
		{"PEERGUARD_VPC_ENDPOINT", "http://" + address},
		{"PEERGUARD_DIRECTORY_ENDPOINT", "http://" + address},
		{"ALIBABA_CLOUD_ACCESS_KEY_ID", simulatedID},
		{"ALIBABA_CLOUD_ACCESS_KEY_SECRET", simulatedSecret},
		{"ALIBABA_CLOUD_SECURITY_TOKEN", ""},
		{"ALIBABA_CLOUD_REGION_ID", region},
	} {
		fprintf(out, "export %s=%s\n", pair[0], pair[1])
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
