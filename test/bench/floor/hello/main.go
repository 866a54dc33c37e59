// Command hello is the smallest function on the Go runtime.
package main

import (
	"context"

	"github.com/aliyun/fc-runtime-go-sdk/fc"
)

func main() {
	fc.Start(func(context.Context, []byte) (string, error) { return "hello", nil })
}
