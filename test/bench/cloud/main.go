// Command cloud is the simulated cloud of the comparisons, in a process of its own, so that its work is not counted as
// anybody else's. It prints one line of JSON, a [world.Served], when it is ready, and ends when its input does.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	"peerguard/function/peering"
	"peerguard/simulator"
	"peerguard/simulator/platform"
	"peerguard/test/bench/world"
)

// size is how much the cloud holds.
type size struct{ accounts, regions, each, every int }

func main() {
	var s size
	flag.IntVar(&s.accounts, "accounts", 1, "guarded accounts")
	flag.IntVar(&s.regions, "regions", 1, "regions of each account")
	flag.IntVar(&s.each, "each", 1, "pending requests in each of them")
	flag.IntVar(&s.every, "every", 1, "or only in every n-th")
	latency := flag.Duration("latency", 0, "of each call")
	revive := flag.Bool("revive", false, "make a connection pending again whenever it is read, so that few serve for many events")
	cert := flag.String("cert", "", "serve TLS with this certificate")
	key := flag.String("key", "", "and this key")
	flag.Parse()

	cloud := &simulator.Cloud{Latency: *latency, Record: func(simulator.Call) {}}
	if *revive {
		cloud.Before = func(c simulator.Call) {
			if c.Action == "GetVpcPeerConnectionAttribute" {
				cloud.SetStatus(c.InstanceID, peering.Accepting)
			}
		}
	}
	fill(cloud, s)
	if err := serve(cloud, *cert, *key); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// fill makes the world.
func fill(cloud *simulator.Cloud, s size) {
	c := platform.Credentials()
	cloud.AddKey(simulator.Key{ID: c.AccessKeyID, Secret: c.AccessKeySecret, Token: c.SecurityToken, Account: platform.Account})
	for i := range s.accounts {
		cloud.AddRole(simulator.Role{ARN: world.Role(i), TrustedAccounts: []peering.Account{platform.Account}})
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
	n, _ := strconv.ParseInt(string(a), 10, 64) // the world's accounts are digits
	return n
}

// serve serves both APIs, each at an address of its own as in real life, and a witness, until the input ends.
func serve(cloud *simulator.Cloud, cert, key string) error {
	w := &witness{cloud: cloud}
	w.forget()
	var served world.Served
	var err error
	if served.VPCPeer, err = w.serve(cert, key); err != nil {
		return err
	}
	if served.STS, err = w.serve(cert, key); err != nil {
		return err
	}
	l, err := listen()
	if err != nil {
		return err
	}
	served.Witness = "http://" + l.Addr().String()
	go (&http.Server{Handler: w, ReadHeaderTimeout: time.Minute}).Serve(l) //nolint:errcheck // ends with the process
	if err := json.NewEncoder(os.Stdout).Encode(served); err != nil {
		return fmt.Errorf("saying where: %w", err)
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func listen() (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	return l, nil
}
