"""Asks with the OpenAI client. The model that answers calls another agent as a tool."""

from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:8080/v1", api_key="none")
response = client.responses.create(
    model="agent/assistant",
    input='/call aevatar_invoke_gagent {"target":{"agent_key":"echo"},"payload":{"prompt":"hi"},"wait":"complete"}',
)
print(response.output_text)
