"""The score API: one contract for CRM systems, on FastAPI, mounted in the service.

Reading order: `app` (the routes), `inputs` (what may be asked), `lookups` (how it is answered),
`score_object` (the answer's shape), `problems` (every error's shape), `guard` (limits).
"""
