// The Go client's side of `npm run bench -- client`: does the one task of its argument and prints the result as JSON.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/apache/pulsar-client-go/pulsar"
	"github.com/apache/pulsar-client-go/pulsar/log"
	"github.com/sirupsen/logrus"
)

const maxPending = 5000

type task struct {
	Scenario, ServiceUrl, Topic     string
	IsBatching                      bool
	PayloadBytes, Backlog, WarmUpMs int
	MeasureMs, Rate                 int
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func usage() (cpu time.Duration, peakMib float64) {
	var own syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &own))
	status, err := os.ReadFile("/proc/self/status")
	check(err)
	var peakKib float64
	for _, line := range strings.Split(string(status), "\n") {
		if rest, isPeak := strings.CutPrefix(line, "VmHWM:"); isPeak {
			_, err = fmt.Sscan(rest, &peakKib)
			check(err)
		}
	}
	return time.Duration(own.Utime.Nano() + own.Stime.Nano()), peakKib / 1024
}

// window counts messages; it opens warmUp after the first of them and closes measure later.
type window struct {
	warmUp, measure time.Duration
	count, atOpen   int64
	first, opened   time.Time
	cpu             time.Duration
	result          map[string]float64
}

func (w *window) add() (isClosed bool) {
	w.count++
	if w.result != nil {
		return true
	}
	if w.count&63 != 0 {
		return false
	}
	now := time.Now()
	if w.first.IsZero() {
		w.first = now
	}
	if w.opened.IsZero() {
		if now.Sub(w.first) >= w.warmUp {
			w.opened, w.atOpen = now, w.count
			w.cpu, _ = usage()
		}
	} else if now.Sub(w.opened) >= w.measure {
		w.close()
	}
	return w.result != nil
}

func (w *window) close() {
	if w.opened.IsZero() {
		check(fmt.Errorf("%d messages are too few for a warm-up of %v", w.count, w.warmUp))
	}
	cpu, peakMib := usage()
	messages := float64(w.count - w.atOpen)
	w.result = map[string]float64{
		"rate":    messages / time.Since(w.opened).Seconds(),
		"cpuUs":   float64((cpu - w.cpu).Nanoseconds()) / 1000 / messages,
		"peakMib": peakMib,
	}
}

func (t task) producer(client pulsar.Client) pulsar.Producer {
	producer, err := client.CreateProducer(pulsar.ProducerOptions{
		Topic: t.Topic, DisableBatching: !t.IsBatching, MaxPendingMessages: maxPending,
	})
	check(err)
	return producer
}

func (t task) consumer(client pulsar.Client, position pulsar.SubscriptionInitialPosition) pulsar.Consumer {
	consumer, err := client.Subscribe(pulsar.ConsumerOptions{
		Topic: t.Topic, SubscriptionName: fmt.Sprint("go-", time.Now().UnixNano()), SubscriptionInitialPosition: position,
	})
	check(err)
	return consumer
}

func produce(t task, client pulsar.Client, w *window) map[string]float64 {
	producer := t.producer(client)
	payload := make([]byte, t.PayloadBytes)
	var isClosed atomic.Bool
	var lock sync.Mutex
	onReceipt := func(_ pulsar.MessageID, _ *pulsar.ProducerMessage, err error) {
		check(err)
		lock.Lock()
		defer lock.Unlock()
		if w.add() {
			isClosed.Store(true)
		}
	}
	for !isClosed.Load() {
		producer.SendAsync(context.Background(), &pulsar.ProducerMessage{Payload: payload}, onReceipt)
	}
	lock.Lock()
	defer lock.Unlock()
	return w.result
}

func receive(t task, client pulsar.Client, w *window) map[string]float64 {
	consumer := t.consumer(client, pulsar.SubscriptionPositionEarliest)
	for {
		message, err := consumer.Receive(context.Background())
		check(err)
		check(consumer.Ack(message))
		if !w.add() && w.count >= int64(t.Backlog) {
			w.close()
		}
		if w.result != nil {
			return w.result
		}
	}
}

func latency(t task, client pulsar.Client) map[string]float64 {
	consumer := t.consumer(client, pulsar.SubscriptionPositionLatest)
	producer := t.producer(client)
	total := t.Rate * (t.WarmUpMs + t.MeasureMs) / 1000
	start := time.Now()
	go func() {
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for sent := 0; sent < total; <-ticker.C {
			for due := int(time.Since(start).Seconds() * float64(t.Rate)); sent < total && sent < due; sent++ {
				payload := make([]byte, t.PayloadBytes)
				binary.LittleEndian.PutUint64(payload, uint64(time.Since(start)))
				producer.SendAsync(context.Background(), &pulsar.ProducerMessage{Payload: payload},
					func(_ pulsar.MessageID, _ *pulsar.ProducerMessage, err error) { check(err) })
			}
		}
	}()
	var latencies []float64
	for received := 0; received < total; received++ {
		message, err := consumer.Receive(context.Background())
		check(err)
		sentAt := time.Duration(binary.LittleEndian.Uint64(message.Payload()))
		if sentAt >= time.Duration(t.WarmUpMs)*time.Millisecond {
			latencies = append(latencies, (time.Since(start)-sentAt).Seconds()*1000)
		}
		check(consumer.Ack(message))
	}
	sort.Float64s(latencies)
	return map[string]float64{
		"p50Ms": latencies[len(latencies)/2], "p99Ms": latencies[len(latencies)*99/100],
	}
}

func main() {
	var t task
	check(json.Unmarshal([]byte(os.Args[1]), &t))
	quiet := logrus.New()
	quiet.SetLevel(logrus.ErrorLevel)
	client, err := pulsar.NewClient(pulsar.ClientOptions{URL: t.ServiceUrl, Logger: log.NewLoggerWithLogrus(quiet)})
	check(err)
	w := &window{
		warmUp: time.Duration(t.WarmUpMs) * time.Millisecond, measure: time.Duration(t.MeasureMs) * time.Millisecond,
	}
	var result map[string]float64
	switch t.Scenario {
	case "produce":
		result = produce(t, client, w)
	case "receive":
		result = receive(t, client, w)
	case "latency":
		result = latency(t, client)
	default:
		check(fmt.Errorf("scenario %s is not known", t.Scenario))
	}
	line, err := json.Marshal(result)
	check(err)
	fmt.Println(string(line))
}
