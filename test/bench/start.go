package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"peerguard/simulator/platform"
)

// compareStart measures the time from the start of the process to the first poll, and to the first answer. The programs take
// turns, and the ratio is that of the medians.
func compareStart(ctx context.Context, r *rig) ([]row, error) {
	poll, err := alternate(r.times(60, 2), []string{ours, hello, bare}, func(name string) (time.Duration, error) {
		f, took, err := startFunction(ctx, r.binary(name))
		if err == nil {
			f.stop()
		}
		return took, err
	})
	if err != nil {
		return nil, err
	}
	answer, err := alternate(r.times(60, 2), []string{ours, helloHTTP, bare}, func(name string) (time.Duration, error) {
		return firstAnswer(ctx, r.bootstrap(name))
	})
	if err != nil {
		return nil, err
	}
	return []row{
		startRow("start to first poll, vs hello with both SDKs", poll[0], poll[2], 1.2),
		startRow("  vs hello", poll[0], poll[1], 0),
		startRow("start to first answer (custom runtime), vs hello with both SDKs", answer[0], answer[2], 1.2),
		startRow("  vs hello", answer[0], answer[1], 0),
	}, nil
}

func startRow(what string, ours, floor time.Duration, target float64) row {
	return row{what: what, ours: milliseconds(ours), floor: milliseconds(floor), ratio: ratio(ours, floor), target: target}
}

// alternate measures several programs in turn, many times, and returns the median of each.
func alternate(times int, names []string, measure func(name string) (time.Duration, error)) ([]time.Duration, error) {
	all := make([][]time.Duration, len(names))
	for range times {
		for i, name := range names {
			took, err := measure(name)
			if err != nil {
				return nil, err
			}
			all[i] = append(all[i], took)
		}
	}
	medians := make([]time.Duration, len(names))
	for i := range all {
		medians[i] = median(all[i])
	}
	return medians, nil
}

// firstAnswer starts a function on the custom runtime and calls it until it answers.
func firstAnswer(ctx context.Context, path string) (time.Duration, error) {
	port, err := platform.FreePort()
	if err != nil {
		return 0, err
	}
	p, err := startProcess(ctx, path, platform.CustomEnv(port))
	if err != nil {
		return 0, err
	}
	defer p.stop()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for time.Since(p.started) < 30*time.Second {
		if initialize(ctx, client, port) == nil {
			return time.Since(p.started), nil
		}
		time.Sleep(100 * time.Microsecond)
	}
	return 0, fmt.Errorf("%s did not answer", path)
}

func initialize(ctx context.Context, client *http.Client, port string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://127.0.0.1:"+port+"/initialize", strings.NewReader(""))
	if err != nil {
		return err
	}
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("answered %d", resp.StatusCode)
	}
	return errors.Join(err, resp.Body.Close())
}
