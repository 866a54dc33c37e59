package guard_test

import (
	"context"
	"time"

	"peerguard/function/guard"
	"peerguard/function/peering"
)

// obliging is a cloud that confirms every rejection. The simulator never confirms a dry run.
type obliging struct{ guard.Cloud }

func (obliging) Reject(context.Context, peering.Partition, peering.Rejection) (string, error) {
	return "request-yes", nil
}

// regionless is a cloud that lists connections without the accepter's region.
type regionless struct{ guard.Cloud }

func (r regionless) List(in peering.Partition) func(context.Context) ([]peering.Connection, error) {
	next := r.Cloud.List(in)
	return func(ctx context.Context) ([]peering.Connection, error) {
		page, err := next(ctx)
		for i := range page {
			page[i].Accepter.Region = ""
		}
		return page, err
	}
}

// late is a cloud that lists one region after a while.
type late struct {
	guard.Cloud
	region string
	after  time.Duration
}

func (l late) List(in peering.Partition) func(context.Context) ([]peering.Connection, error) {
	next := l.Cloud.List(in)
	return func(ctx context.Context) ([]peering.Connection, error) {
		if in.Region == l.region {
			time.Sleep(l.after)
		}
		return next(ctx)
	}
}
