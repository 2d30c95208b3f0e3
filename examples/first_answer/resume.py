"""Loses a stream in the middle, and goes on where it was."""

from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:8080/v1", api_key="none")
response_id, seen = "", 0

for event in client.responses.create(model="agent/assistant", input="/long 100", stream=True):
    if event.type == "response.created":
        response_id = event.response.id
    if event.type == "response.output_text.delta":
        print(event.delta, end="")
        seen = event.sequence_number
        break  # the connection is gone, or the server, or we are

for event in client.responses.retrieve(response_id, stream=True, starting_after=seen):
    if event.type == "response.output_text.delta":
        print(event.delta, end="")
