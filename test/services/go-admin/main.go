// Calls Sources() and Sinks() of Pulsar's Go admin client: ADMIN_URL [TOKEN]. A line of stdin is {"api", "method", "arguments"}, answered by {"result"} or
// {"error", "status", "reason"}. Without a method the answer is the names of all. Methods that take a context get an empty one.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"

	"github.com/apache/pulsar-client-go/pulsaradmin/pkg/admin"
	"github.com/apache/pulsar-client-go/pulsaradmin/pkg/admin/config"
	"github.com/apache/pulsar-client-go/pulsaradmin/pkg/rest"
)

type question struct {
	Api       string
	Method    string
	Arguments []json.RawMessage
}

const longestLine = 4 << 20

var contextType = reflect.TypeFor[context.Context]()

func main() {
	settings := &config.Config{WebServiceURL: os.Args[1], PulsarAPIVersion: config.V3}
	if len(os.Args) > 2 {
		settings.Token = os.Args[2]
	}
	client, err := admin.New(settings)
	if err != nil {
		panic(err)
	}
	apis := map[string]reflect.Value{"sources": reflect.ValueOf(client.Sources()), "sinks": reflect.ValueOf(client.Sinks())}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, longestLine)
	answers := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			panic(err)
		}
		if err := answers.Encode(answer(apis[asked.Api], asked)); err != nil {
			panic(err)
		}
	}
}

func answer(api reflect.Value, asked question) map[string]any {
	if asked.Method == "" {
		return map[string]any{"result": methods(api.Type())}
	}
	method := api.MethodByName(asked.Method)
	if !method.IsValid() {
		return map[string]any{"error": "no such method", "status": 0, "reason": asked.Method}
	}
	arguments, err := read(method.Type(), asked.Arguments)
	if err != nil {
		return map[string]any{"error": "unreadable arguments", "status": 0, "reason": err.Error()}
	}
	return outcome(method.Call(arguments))
}

func outcome(results []reflect.Value) map[string]any {
	if err, failed := results[len(results)-1].Interface().(error); failed {
		var refused rest.Error
		if errors.As(err, &refused) {
			return map[string]any{"error": "refused", "status": refused.Code, "reason": refused.Reason}
		}
		return map[string]any{"error": fmt.Sprintf("%T", err), "status": 0, "reason": err.Error()}
	}
	if len(results) == 1 {
		return map[string]any{"result": nil}
	}
	return map[string]any{"result": results[0].Interface()}
}

func read(signature reflect.Type, given []json.RawMessage) ([]reflect.Value, error) {
	var arguments []reflect.Value
	for i := range signature.NumIn() {
		if signature.In(i) == contextType {
			arguments = append(arguments, reflect.ValueOf(context.Background()))
			continue
		}
		if len(given) == 0 {
			return nil, errors.New("too few arguments")
		}
		value := reflect.New(signature.In(i))
		if err := json.Unmarshal(given[0], value.Interface()); err != nil {
			return nil, err
		}
		arguments, given = append(arguments, value.Elem()), given[1:]
	}
	return arguments, nil
}

func methods(api reflect.Type) []string {
	var names []string
	for i := range api.NumMethod() {
		method := api.Method(i)
		names = append(names, method.Name)
	}
	return names
}
