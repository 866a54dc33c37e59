package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"peerguard/test/bench/world"
)

// simulation is the simulated cloud in its own process.
type simulation struct {
	world.Served
	in  io.WriteCloser
	out *json.Decoder
	cmd *exec.Cmd
}

// startCloud starts it. The arguments are those of command cloud.
func (r *rig) startCloud(ctx context.Context, args ...string) (*simulation, error) {
	s := &simulation{cmd: exec.CommandContext(ctx, r.binary(cloud), args...)} //nolint:gosec // the rig's own program
	s.cmd.Stderr = os.Stderr
	in, err := s.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the cloud: %w", err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the cloud: %w", err)
	}
	s.in, s.out = in, json.NewDecoder(out)
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the cloud: %w", err)
	}
	if err := s.out.Decode(&s.Served); err != nil {
		s.end()
		return nil, fmt.Errorf("starting the cloud: %w", err)
	}
	return s, nil
}

func (s *simulation) end() {
	_ = s.in.Close()
	_ = s.cmd.Wait() // its output has been read, and it holds nothing
}

// seen asks the cloud what it has seen since it was last asked.
func (s *simulation) seen() (world.Seen, error) { return s.ask("") }

// fill puts new pending requests into the cloud: each many in every n-th partition.
func (s *simulation) fill(each, every int) error {
	_, err := s.ask(fmt.Sprintf("-each %d -every %d", each, every))
	return err
}

func (s *simulation) ask(question string) (seen world.Seen, err error) {
	_, err = fmt.Fprintln(s.in, question)
	if err == nil {
		err = s.out.Decode(&seen)
	}
	if err != nil {
		return seen, fmt.Errorf("asking the cloud: %w", err)
	}
	return seen, nil
}

// env is what peerguard needs to find the cloud; floorEnv is what the floor needs.
func (s *simulation) env(policy string) []string {
	return []string{
		"PEERGUARD_ENDPOINT=" + s.VPCPeer, "PEERGUARD_STS_ENDPOINT=" + s.STS, "PEERGUARD_POLICY=" + policy,
	}
}

func (s *simulation) floorEnv() []string { return []string{"FLOOR_ENDPOINT=" + s.VPCPeer} }

// policyText returns a policy of usual size that names no account of the world as a requester. It guards the first accounts
// in the first regions.
func policyText(accounts, regions int) string {
	var b strings.Builder
	b.WriteString("version: 1\nmode: enforce\nguard:\n  regions: [" + world.Region(0))
	for j := 1; j < regions; j++ {
		b.WriteString(", " + world.Region(j))
	}
	b.WriteString("]\n")
	if accounts > 1 {
		b.WriteString("  accounts:\n")
	}
	for i := 1; i < accounts; i++ {
		b.WriteString("    - role: " + world.Role(i) + "\n")
	}
	b.WriteString("reject:\n  - {name: known-phisher, accounts: [\"3333333333333333\"]}\nallow:\n")
	for i := range 10 {
		fmt.Fprintf(&b, "  - {name: partner-%d, requester_cidrs: [10.%d.0.0/16], accepter_regions: [cn-shanghai, cn-hangzhou], accounts: [", i, i)
		for j := range 10 {
			fmt.Fprintf(&b, "\"%016d\", ", 2_200_000_000_000_000+10*i+j)
		}
		b.WriteString("]}\n")
	}
	return b.String()
}
