package main

import (
	"archive/zip"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// comparePackage zips what is deployed, and the bare calls as they would be.
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
		what: "the package, zipped, beside hello with both SDKs", ours: mebibytes(sizes[ours]), floor: mebibytes(sizes[bare]),
		ratio: ratio(sizes[ours], sizes[bare]), target: 1.15,
	}}, nil
}

// zipped gives the size of a folder as a zip file.
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
	return int(size), nil
}

type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}
