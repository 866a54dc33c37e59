// Command pack builds what Function Compute runs. Run it in the repository's root:
//
//	pack [-policy FILE] DIR
//
// DIR then holds the script bootstrap, the binary peerguard, policy.yaml with every file that it names, and NOTICE with
// the licences of everything in the binary. The policy is read as the function will read it, so that a broken one is never
// deployed. The package is the same, byte for byte, whenever it is built from the same commit.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
)

func main() {
	policyFile := flag.String("policy", "policy.yaml", "the policy to pack as policy.yaml")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: pack [-policy FILE] DIR")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	ctx := context.Background()
	if err := pack(ctx, flag.Arg(0), *policyFile, version(ctx)); err != nil {
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
	modules, err := linked(ctx, version)
	if err != nil {
		return err
	}
	if err := p.addNotice(modules); err != nil {
		return err
	}
	if err := p.write(dir); err != nil {
		return err
	}
	return build(ctx, dir, version)
}
