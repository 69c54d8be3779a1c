"""From models to scores, to a CRM system and to a marketer's page.

Reading order: `scoring` (a champion's scores of customers), `reasons` (why, in words), `store`
(published generations of scores), `batch` (score everybody and publish), `api` (the REST
contract), `web` (the page), `service` (BentoML, thin), `cli`.
"""
