package login

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"peerguard/function/acs"
)

// external runs the process_command of a profile once. What it prints is another profile, which leads to credentials in a
// mode of its own.
// https://www.alibabacloud.com/help/en/cli/configure-credentials
func (f *profiles) external(ctx context.Context, cloud *acs.Cloud, p *profile, depth int) (Found, error) {
	words := strings.Fields(p.Command)
	if len(words) == 0 {
		return Found{}, p.incomplete("process_command")
	}
	command := exec.CommandContext(ctx, words[0], words[1:]...) //nolint:gosec // the operator's own file names it
	command.Stdin, command.Stderr = os.Stdin, os.Stderr         // it may have to ask for a password
	command.WaitDelay = time.Second
	output, err := command.Output()
	if err != nil {
		return Found{}, fmt.Errorf("running its process_command: %w", err) // holds the command's first word, and nothing that it printed
	}
	var printed profile
	if json.Unmarshal(withoutMark(output), &printed) != nil || printed.Mode == p.Mode {
		return Found{}, errors.New("its process_command does not print a profile as JSON, with mode, access_key_id and so on: run it to see what it prints")
	}
	printed.Name = p.Name
	return f.keys(ctx, cloud, &printed, depth-1)
}
