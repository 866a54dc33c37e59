package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"

	"peerguard/test/bench/world"
)

// simulation is the simulated cloud in its own process.
type simulation struct {
	world.Served
	end func()
}

// startCloud starts it; the arguments are those of package cloud.
func (r *rig) startCloud(ctx context.Context, args ...string) (*simulation, error) {
	cmd := exec.CommandContext(ctx, r.binary(cloud), args...) //nolint:gosec // the rig's own program
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the cloud: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the cloud: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the cloud: %w", err)
	}
	s := &simulation{end: func() {
		_ = in.Close()
		_ = cmd.Wait() // its output has been read, and it holds nothing
	}}
	if err := json.NewDecoder(out).Decode(&s.Served); err != nil {
		s.end()
		return nil, fmt.Errorf("starting the cloud: %w", err)
	}
	return s, nil
}

// seen asks the witness what has happened since it was last asked.
func (s *simulation) seen(ctx context.Context) (world.Seen, error) {
	var seen world.Seen
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.Witness, http.NoBody)
	if err != nil {
		return seen, fmt.Errorf("asking the witness: %w", err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return seen, fmt.Errorf("asking the witness: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(text, &seen)
	}
	if err != nil {
		return seen, fmt.Errorf("asking the witness: %w", err)
	}
	return seen, nil
}

// env is what peerguard, and what the floor, needs to find the cloud.
func (s *simulation) env(policy string) []string {
	return []string{
		"PEERGUARD_ENDPOINT=" + s.VPCPeer, "PEERGUARD_STS_ENDPOINT=" + s.STS, "PEERGUARD_POLICY=" + policy,
	}
}

func (s *simulation) floorEnv() []string { return []string{"FLOOR_ENDPOINT=" + s.VPCPeer} }

// policyText is a policy of usual size that names nobody in the world. It guards the first accounts in the first
// regions.
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
