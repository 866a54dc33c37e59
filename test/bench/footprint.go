package main

import (
	"archive/zip"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// compareMemory compares what the processes hold while they wait for the first invocation, and after many.
func compareMemory(ctx context.Context, r *rig) ([]row, error) {
	idle, err := r.idle(ctx)
	if err != nil {
		return nil, err
	}
	c, err := r.wideCloud(ctx, 0)
	if err != nil {
		return nil, err
	}
	defer c.end()
	a, b, err := r.subjects(ctx, c)
	if err != nil {
		return nil, err
	}
	defer a.stop()
	defer b.stop()
	few, many := r.times(10_000, 20), r.times(50_000, 40)
	floor, _, err := b.grown(ctx, few)
	if err != nil {
		return nil, err
	}
	early, _, err := a.grown(ctx, few)
	if err != nil {
		return nil, err
	}
	late, peak, err := a.grown(ctx, many-few)
	if err != nil {
		return nil, err
	}
	return []row{
		memoryRow("resident, idle, vs hello", idle[0].resident, idle[1].resident, 1.5),
		memoryRow("  vs hello with both SDKs", idle[0].resident, idle[2].resident, 0),
		memoryRow("  without the pages of the binary, vs hello", idle[0].own, idle[1].own, 0),
		memoryRow(fmt.Sprintf("resident after %d events, vs the bare calls", few), early, floor, 1.5),
		memoryRow(fmt.Sprintf("resident after %d events, vs after %d (peak %s)", many, few, mebibytes(peak)), late, early, 1.05),
	}, nil
}

func memoryRow(what string, ours, floor int, target float64) row {
	return row{what: what, ours: mebibytes(ours), floor: mebibytes(floor), ratio: ratio(ours, floor), target: target}
}

// idle returns what each program holds after it has asked for its first invocation, as the median of a few starts.
func (r *rig) idle(ctx context.Context) ([]memory, error) {
	var medians []memory
	for _, name := range []string{ours, hello, bare} {
		var resident, own []int
		for range r.times(9, 1) {
			f, _, err := startFunction(ctx, r.binary(name))
			if err != nil {
				return nil, err
			}
			time.Sleep(50 * time.Millisecond) // until it is idle
			m, err := f.memory()
			f.stop()
			if err != nil {
				return nil, err
			}
			resident, own = append(resident, m.resident), append(own, m.own)
		}
		medians = append(medians, memory{resident: median(resident), own: median(own)})
	}
	return medians, nil
}

// grown sends events and returns what the process holds afterwards. The collector makes that go up and down, so it is the
// median over the last tenth of the events.
func (s *subject) grown(ctx context.Context, events int) (resident, peak int, err error) {
	const samples = 50
	if err := s.handle(ctx, events-events/10); err != nil {
		return 0, 0, err
	}
	var all []int
	for range samples {
		if err := s.handle(ctx, max(1, events/10/samples)); err != nil {
			return 0, 0, err
		}
		m, err := s.memory()
		if err != nil {
			return 0, 0, err
		}
		all, peak = append(all, m.resident), m.peak
	}
	return median(all), peak, nil
}

// comparePackage zips the package, and the floor as if it were deployed.
func comparePackage(_ context.Context, r *rig) ([]row, error) {
	sizes := map[string]int{}
	for _, name := range []string{ours, bare} {
		size, err := zipped(filepath.Join(r.dir, name))
		if err != nil {
			return nil, err
		}
		sizes[name] = size
	}
	return []row{{
		what: "the package, zipped, vs hello with both SDKs", ours: mebibytes(sizes[ours]), floor: mebibytes(sizes[bare]),
		ratio: ratio(sizes[ours], sizes[bare]), target: 1.15,
	}}, nil
}

// zipped returns the size of a folder as a zip file.
func zipped(dir string) (int, error) {
	var size counter
	z := zip.NewWriter(&size)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	if err := z.AddFS(os.DirFS(dir)); err != nil {
		return 0, fmt.Errorf("zipping %s: %w", dir, err)
	}
	if err := z.Close(); err != nil {
		return 0, fmt.Errorf("zipping %s: %w", dir, err)
	}
	return int(size.Load()), nil
}
