// Command pack builds what Function Compute runs, and with -release what operators run. Run it in the repository's root:
//
//	pack [-policy FILE] [-zip FILE] DIR
//	pack -release DIR GOOS/GOARCH…
//
// DIR then holds the script bootstrap, the binary peerguard, policy.yaml with every file that it names, and NOTICE with
// the licences of everything in the binary. The policy is read as the function will read it, so that a broken one is never
// deployed. With -zip these files are also written to an archive, which Terraform uploads. With -release it holds an archive of the
// operator's command for each of the systems, and SHA256SUMS of everything in it.
// All of it is the same, byte for byte, whenever it is built from the same commit.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	policyFile := flag.String("policy", "policy.yaml", "the policy to pack as policy.yaml")
	zipFile := flag.String("zip", "", "write the package to this zip file as well")
	releasing := flag.Bool("release", false, "build archives of the operator's command instead")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: pack [-policy FILE] [-zip FILE] DIR, or pack -release DIR GOOS/GOARCH…")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 && !*releasing || flag.NArg() < 2 && *releasing {
		flag.Usage()
		os.Exit(2)
	}
	ctx := context.Background()
	var err error
	if *releasing {
		err = release(ctx, flag.Arg(0), version(ctx), flag.Args()[1:])
	} else {
		err = pack(ctx, flag.Arg(0), *policyFile, version(ctx))
	}
	if err == nil && *zipFile != "" {
		err = archive(flag.Arg(0), *zipFile)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// pack writes the package to dir. It reads everything before it writes anything.
func pack(ctx context.Context, dir, policyFile, version string) error {
	p := contents{}
	if err := errors.Join(p.addBootstrap("bootstrap"), p.addPolicy(policyFile)); err != nil {
		return err
	}
	modules, err := function.linked(ctx, version)
	if err != nil {
		return err
	}
	if err := p.addNotice(modules); err != nil {
		return err
	}
	if err := p.write(dir); err != nil {
		return err
	}
	return function.build(ctx, filepath.Join(dir, binary), version)
}
