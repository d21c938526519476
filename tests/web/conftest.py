"""Files to look at."""

import io

import pytest
from PIL import Image


@pytest.fixture(scope="session")
def png() -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((640, 360)).convert("RGB").save(out, "PNG")
    return out.getvalue()
