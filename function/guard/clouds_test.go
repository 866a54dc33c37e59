package guard_test

import (
	"context"
	"iter"

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

func (r regionless) List(ctx context.Context, in peering.Partition) iter.Seq2[[]peering.Connection, error] {
	return func(yield func([]peering.Connection, error) bool) {
		for page, err := range r.Cloud.List(ctx, in) {
			for i := range page {
				page[i].Accepter.Region = ""
			}
			if !yield(page, err) {
				return
			}
		}
	}
}
