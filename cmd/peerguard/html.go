package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"peerguard/cmd/peerguard/page"
	"peerguard/function/guard"
)

// writePage writes a report as a page. all are the connections judged, in any order.
func writePage(path string, report *guard.Report, o *operator, all []guard.Entry) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("writing page: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return page.Write(file, report, page.Meta{
		Account: string(o.who.Account), Regions: o.rules.Guard.Regions, Generated: time.Now(), Entries: all,
	})
}
