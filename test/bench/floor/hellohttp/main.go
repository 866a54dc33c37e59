// Command hellohttp is the smallest function on the custom runtime.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	fmt.Fprintln(os.Stderr, http.ListenAndServe("0.0.0.0:"+os.Getenv("FC_CUSTOM_LISTEN_PORT"), nil)) //nolint:gosec // a floor has no timeouts
	os.Exit(1)
}
