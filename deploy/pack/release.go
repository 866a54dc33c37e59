package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// checksums is the file with a line for each other file of a release, as sha256sum writes and checks it.
const checksums = "SHA256SUMS"

// packed is the time of every file in an archive: the first one that a zip file can hold.
var packed = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// release writes an archive for each system, such as linux/amd64, to dir, and the checksums of all files there.
func release(ctx context.Context, dir, version string, systems []string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // everybody may read a release
		return fmt.Errorf("writing the release: %w", err)
	}
	for _, system := range systems {
		goos, goarch, _ := strings.Cut(system, "/")
		p := program{source: "./cmd/peerguard", os: goos, arch: goarch}
		if err := p.archive(ctx, dir, version); err != nil {
			return fmt.Errorf("releasing for %s: %w", system, err)
		}
	}
	if err := timeless(dir); err != nil {
		return err
	}
	return sum(dir)
}

// archive writes peerguard_<version>_<os>_<arch>: the binary with its licences, as .zip for Windows and as .tar.gz otherwise.
func (p program) archive(ctx context.Context, dir, version string) error {
	c, err := p.contents(ctx, version)
	if err != nil {
		return err
	}
	name, write := "peerguard_"+version+"_"+p.os+"_"+p.arch, contents.tarball
	suffix := ".tar.gz"
	if p.os == "windows" {
		suffix, write = ".zip", contents.zip
	}
	data, err := write(c)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name+suffix), data, 0o644) //nolint:gosec // everybody may read a release
}

func (p program) contents(ctx context.Context, version string) (contents, error) {
	c := contents{}
	modules, err := p.linked(ctx, version)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(c.addNotice(modules), c.copy(os.DirFS("."), "LICENSE", "LICENSE")); err != nil {
		return nil, err
	}
	temp, err := os.MkdirTemp("", "peerguard-release")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(temp) }() // what is left in the folder for temporary files gets cleaned up
	to := filepath.Join(temp, binary)
	if err := p.build(ctx, to, version); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(to)
	if err != nil {
		return nil, err
	}
	name := binary
	if p.os == "windows" {
		name += ".exe"
	}
	c[name] = file{data, 0o755}
	return c, nil
}

// tarball returns the files as a compressed tar archive.
func (c contents) tarball() ([]byte, error) {
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	archive := tar.NewWriter(zipped)
	for _, name := range slices.Sorted(maps.Keys(c)) {
		header := &tar.Header{Name: name, Mode: int64(c[name].mode), Size: int64(len(c[name].data)), ModTime: packed, Format: tar.FormatUSTAR}
		if err := archive.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := archive.Write(c[name].data); err != nil {
			return nil, err
		}
	}
	err := errors.Join(archive.Close(), zipped.Close())
	return out.Bytes(), err
}

// zip returns the files as a zip archive.
func (c contents) zip() ([]byte, error) {
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(c)) {
		header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: packed}
		header.SetMode(c[name].mode)
		w, err := archive.CreateHeader(header)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(c[name].data); err != nil {
			return nil, err
		}
	}
	err := archive.Close()
	return out.Bytes(), err
}

// timeless removes from each SBOM in dir when it was made, and with which build of which tool.
func timeless(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.sbom.json"))
	if err != nil {
		return fmt.Errorf("reading SBOMs: %w", err)
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("reading SBOM: %w", err)
		}
		var sbom map[string]any
		if err := json.Unmarshal(data, &sbom); err != nil {
			return fmt.Errorf("reading SBOM %s: %w", path, err)
		}
		metadata, _ := sbom["metadata"].(map[string]any)
		delete(metadata, "timestamp")
		delete(metadata, "tools")
		if data, err = json.MarshalIndent(sbom, "", "  "); err != nil {
			return fmt.Errorf("writing SBOM: %w", err)
		}
		if err := os.WriteFile(path, append(data, '\n'), 0o644); err != nil { //nolint:gosec // everybody may read a release
			return fmt.Errorf("writing SBOM: %w", err)
		}
	}
	return nil
}

// sum writes the checksums of all files in dir.
func sum(dir string) error {
	files, err := fs.Glob(os.DirFS(dir), "*")
	if err != nil {
		return fmt.Errorf("summing the release: %w", err)
	}
	var sums strings.Builder
	for _, name := range files {
		if name == checksums {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("summing the release: %w", err)
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(data), name)
	}
	return os.WriteFile(filepath.Join(dir, checksums), []byte(sums.String()), 0o644) //nolint:gosec // everybody may read a release
}
