"""The documentation that is served with the product, at /docs. Whatever can be told from the code is: routes, settings,
plans, the files of deploy/.
"""

from pixelhost.web.docs import guides, limits, reference, variables
from pixelhost.wire.dialect import Route

ROUTES = (
    Route("GET", "/docs", guides.index),
    Route("GET", "/docs/api", reference.show),
    Route("GET", "/docs/clients", guides.clients),
    Route("GET", "/docs/end-to-end", guides.end_to_end),
    Route("GET", "/docs/deploying", guides.deploying),
    Route("GET", "/docs/settings", variables.show),
    Route("GET", "/docs/plans", limits.show),
)
