"""Style, script and mark, served from memory under a name that changes with their content."""

from hashlib import blake2b
from mimetypes import guess_type

from fastapi import APIRouter, Request, Response

from alerting.console.problems import tell
from alerting.console.views import STATIC

router = APIRouter()


@router.get("/static/{name}")
async def static(name: str, request: Request) -> Response:
    """Return a file of ours; addresses carry a version, so it may be kept."""
    content = STATIC.get(name)
    if content is None:
        return tell(request, 404, "There is nothing at this address.")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "ETag": f'"{blake2b(content).hexdigest()[:16]}"'}
    return Response(content, media_type=guess_type(name)[0] or "application/octet-stream", headers=headers)
