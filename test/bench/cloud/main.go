// Command cloud is the simulated cloud of the comparisons, in a process of its own, so that its work is not counted as
// anybody else's. It prints a [world.Served] as one line of JSON when it is ready. It answers each line of input with a
// [world.Seen], after it has put new pending requests into it if the line is like "-each 2 -every 1", and ends when its input
// does.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"peerguard/function/peering"
	"peerguard/simulator"
	"peerguard/simulator/platform"
	"peerguard/test/bench/world"
)

// size is how much the cloud holds.
type size struct {
	accounts, regions int
	requests
}

// requests are how many are pending in how many partitions.
type requests struct{ each, every int }

func (r *requests) flags(f *flag.FlagSet) {
	f.IntVar(&r.each, "each", 1, "pending requests in each partition")
	f.IntVar(&r.every, "every", 1, "or only in every n-th")
}

func main() {
	var s size
	flag.IntVar(&s.accounts, "accounts", 1, "guarded accounts")
	flag.IntVar(&s.regions, "regions", 1, "regions of each account")
	s.flags(flag.CommandLine)
	latency := flag.Duration("latency", 0, "of each call")
	revive := flag.Bool("revive", false, "make a connection pending again whenever it is read, so that a few serve many events")
	flag.Parse()

	cloud := &simulator.Cloud{Latency: *latency, Record: func(simulator.Call) {}}
	if *revive {
		cloud.Before = func(c simulator.Call) {
			if c.Action == "GetVpcPeerConnectionAttribute" {
				cloud.SetStatus(c.InstanceID, peering.Accepting)
			}
		}
	}
	c := platform.Credentials()
	cloud.AddKey(simulator.Key{ID: c.AccessKeyID, Secret: c.AccessKeySecret, Token: c.SecurityToken, Account: platform.Account})
	for i := range s.accounts {
		cloud.AddRole(simulator.Role{ARN: world.Role(i), TrustedAccounts: []peering.Account{platform.Account}})
	}
	fill(cloud, s)
	if err := serve(cloud, s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// fill puts pending requests into the cloud. They take the place of those that were there before.
func fill(cloud *simulator.Cloud, s size) {
	for i := range s.accounts {
		for j := range s.regions {
			if (i*s.regions+j)%s.every > 0 {
				continue
			}
			for k := range s.each {
				cloud.Put(pending(i, j, k))
			}
		}
	}
}

func pending(i, j, k int) simulator.Item {
	return simulator.Item{
		InstanceID: world.Connection(i, j, k), OwnerID: number(world.Stranger), AcceptingOwnerUID: number(world.Account(i)),
		RegionID: "cn-hangzhou", VPC: simulator.VPC{VpcID: "vpc-bp1vzjkp2q1xgnind0000", Ipv4Cidrs: []string{"192.168.0.0/16"}},
		AcceptingRegionID: world.Region(j), AcceptingVPC: simulator.VPC{VpcID: "vpc-bp1gsk7h12ew7oegk0000", Ipv4Cidrs: []string{"172.16.0.0/12"}},
		Status: peering.Accepting,
	}
}

func number(a peering.Account) int64 {
	n, _ := strconv.ParseInt(string(a), 10, 64) // the world's accounts consist of digits
	return n
}

// serve serves both APIs, each at an address of its own as in real life, and answers questions, until the input ends.
func serve(cloud *simulator.Cloud, s size) error {
	var served world.Served
	for _, url := range []*string{&served.VPCPeer, &served.STS} {
		l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("listening: %w", err)
		}
		*url = "http://" + l.Addr().String()
		go (&http.Server{Handler: cloud, ReadHeaderTimeout: time.Minute}).Serve(l) //nolint:errcheck // ends with the process
	}
	if err := say(served); err != nil {
		return err
	}
	var before simulator.Stats
	for questions := bufio.NewScanner(os.Stdin); questions.Scan(); {
		if args := strings.Fields(questions.Text()); len(args) > 0 {
			f := flag.NewFlagSet("input", flag.ContinueOnError)
			s.flags(f)
			if err := f.Parse(args); err != nil {
				return fmt.Errorf("reading the input: %w", err)
			}
			fill(cloud, s)
		}
		now := cloud.Stats()
		if err := say(world.Seen{Calls: now.Calls - before.Calls, Throttled: now.Throttled - before.Throttled, Rejected: now.Effects - before.Effects}); err != nil {
			return err
		}
		before = now
	}
	return nil
}

// say prints a line of JSON.
func say(what any) error {
	if err := json.NewEncoder(os.Stdout).Encode(what); err != nil {
		return fmt.Errorf("answering: %w", err)
	}
	return nil
}
