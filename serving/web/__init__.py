"""The marketer's page: server-rendered HTML in front of the score store.

Reading order: `routes` (addresses), `views` (what each template shows), then `overview`,
`customer_list`, `customer_page` and `definitions`, which fill the views; `texts` holds the words,
`charts` the pictures, `links` the addresses.
"""
