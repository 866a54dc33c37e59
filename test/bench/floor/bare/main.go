// Command bare is the smallest function that makes the calls of package calls, on the same two runtimes as peerguard. Its
// event is a peering event or, on the Go runtime, a sweep.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/aliyun/fc-runtime-go-sdk/fc"
	"github.com/aliyun/fc-runtime-go-sdk/fccontext"

	"peerguard/test/bench/floor/calls"
)

func main() {
	cloud, err := calls.FromEnv()
	if err == nil && os.Getenv("FC_RUNTIME_API") == "" {
		err = serve(cloud)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fc.Start(func(ctx context.Context, payload []byte) (int, error) {
		from, _ := fccontext.FromContext(ctx)
		creds := calls.Credentials{ID: from.Credentials.AccessKeyId, Secret: from.Credentials.AccessKeySecret, Token: from.Credentials.SecurityToken}
		var sweep calls.Sweep
		if err := json.Unmarshal(payload, &sweep); err == nil && len(sweep.Roles) > 0 {
			return cloud.Sweep(creds, sweep)
		}
		return 1, cloud.Handle(creds, payload)
	})
}

// serve is the custom runtime.
func serve(cloud *calls.Cloud) error {
	http.HandleFunc("/initialize", func(http.ResponseWriter, *http.Request) {})
	http.HandleFunc("/invoke", func(w http.ResponseWriter, r *http.Request) {
		payload, err := io.ReadAll(r.Body)
		if err == nil {
			h := r.Header
			creds := calls.Credentials{ID: h.Get("x-fc-access-key-id"), Secret: h.Get("x-fc-access-key-secret"), Token: h.Get("x-fc-security-token")}
			err = cloud.Handle(creds, payload)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
	})
	return http.ListenAndServe("0.0.0.0:"+os.Getenv("FC_CUSTOM_LISTEN_PORT"), nil) //nolint:gosec // a floor has no timeouts
}
