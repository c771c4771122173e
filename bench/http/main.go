// The baseline: Go's net/http answering the same JSON, with the same checks and an access log.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

type answer struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	Limit  int    `json:"limit"`
}

func main() {
	runtime.GOMAXPROCS(2)
	file, err := os.OpenFile(os.Args[2], os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		panic(err)
	}
	log := bufio.NewWriterSize(file, 256<<10)
	var lock sync.Mutex
	const prefix = "/api/v1/sessions/"
	http.HandleFunc(prefix, func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		limit := 50
		if text := r.URL.Query().Get("limit"); text != "" {
			limit, err = strconv.Atoi(text)
			if err != nil || limit < 1 || limit > 200 {
				w.WriteHeader(400)
				return
			}
		}
		body, _ := json.Marshal(answer{r.URL.Path[len(prefix):], "running", limit})
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body)
		lock.Lock()
		fmt.Fprintf(log, "{\"time\":%q,\"method\":%q,\"target\":%q,\"peer\":%q,\"status\":200,\"duration_us\":%d,\"bytes_out\":%d}\n",
			began.UTC().Format(time.RFC3339Nano), r.Method, r.URL.RequestURI(), r.RemoteAddr, time.Since(began).Microseconds(), len(body))
		lock.Unlock()
	})
	panic(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}
