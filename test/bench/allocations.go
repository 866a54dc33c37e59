package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"time"

	"github.com/rs/zerolog"

	"peerguard/function/acs"
	"peerguard/function/fc"
	"peerguard/function/guard"
	"peerguard/function/handler"
	"peerguard/function/policy"
	"peerguard/simulator/platform"
	"peerguard/test/bench/floor/calls"
)

// canned is a transport that knows the two answers of an event, so that what is counted is the caller's.
type canned struct{}

func (canned) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte(`{"RequestId":"54B48E3D-DF70-471B-AA93-08E683A1B45"}`)
	if bytes.Contains([]byte(r.URL.RawQuery), []byte("GetVpcPeerConnectionAttribute")) {
		body = []byte(`{"RequestId":"54B48E3D-DF70-471B-AA93-08E683A1B45","InstanceId":"pcc-a0r0n0","Status":"Accepting","BizStatus":"Normal",
"OwnerId":6666666666666666,"AcceptingOwnerUid":1111111111111111,"RegionId":"cn-hangzhou","AcceptingRegionId":"cn-region0","Bandwidth":1024,
"Vpc":{"VpcId":"vpc-bp1vzjkp2q1xgnind0000","Ipv4Cidrs":["192.168.0.0/16"]},"AcceptingVpc":{"VpcId":"vpc-bp1gsk7h12ew7oegk0000","Ipv4Cidrs":["172.16.0.0/12"]},
"GmtCreate":"2026-11-01T08:00:00Z","GmtModified":"2026-11-01T08:00:00Z","GmtExpired":"2026-11-08T08:00:00Z","Name":"","Description":"","Tags":[]}`)
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(bytes.NewReader(body)), Request: r,
	}, nil
}

// compareAllocations counts what one event allocates, from the payload to the report or the last answer, without the
// runtime's loop and without a network, which are the same for both.
func compareAllocations(ctx context.Context, r *rig) ([]row, error) {
	endpoint := &url.URL{Scheme: "http", Host: "127.0.0.1"}
	h, err := r.inProcess(policyText(1, 1), acs.Config{Endpoints: acs.Endpoints{acs.VpcPeer: endpoint}, Transport: canned{}})
	if err != nil {
		return nil, err
	}
	secrets := platform.Credentials()
	payload := []byte(event(ours, 0))
	oursCount, oursBytes, err := allocated(func() error {
		timed, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		_, err := h.Handle(timed, invocation(), payload)
		return err
	})
	if err != nil {
		return nil, err
	}
	floor := calls.Cloud{Endpoint: endpoint, Transport: canned{}}
	floorCount, floorBytes, err := allocated(func() error {
		return floor.Handle(calls.Credentials{ID: secrets.AccessKeyID, Secret: secrets.AccessKeySecret, Token: secrets.SecurityToken}, payload)
	})
	return []row{
		{what: "an event, allocations", ours: fmt.Sprint(oursCount), floor: fmt.Sprint(floorCount), ratio: ratio(oursCount, floorCount)},
		{what: "an event, bytes allocated", ours: kibibytes(oursBytes), floor: kibibytes(floorBytes), ratio: ratio(oursBytes, floorBytes)},
	}, err
}

// allocated gives how often and how many bytes a run of f allocates. It runs f no more often than the pace lets it.
func allocated(f func() error) (count, size int, err error) {
	const runs = 50
	if err := f(); err != nil {
		return 0, 0, err
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		if err := f(); err != nil {
			return 0, 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return int(after.Mallocs-before.Mallocs) / runs, int(after.TotalAlloc-before.TotalAlloc) / runs, nil
}

// inProcess is peerguard's handler in this process, as its main puts it together.
func (r *rig) inProcess(policyText string, cloud acs.Config) (*handler.Handler, error) {
	const name = "inprocess.yaml"
	if _, err := r.write(name, policyText); err != nil {
		return nil, err
	}
	return &handler.Handler{
		Policy: policy.NewSource(os.DirFS(r.dir), name).Load,
		Cloud:  acs.New(cloud),
		Guard:  guard.New(),
		Log:    zerolog.New(zerolog.SyncWriter(io.Discard)).With().Timestamp().Logger(),
	}, nil
}

func invocation() fc.Invocation {
	return fc.Invocation{RequestID: "1-65f1b2a0-0123", Account: platform.Account, Region: "cn-hangzhou", Credentials: platform.Credentials().Sealed()}
}
