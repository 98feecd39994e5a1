"""Webhooks."""

from fastapi import APIRouter

router = APIRouter(prefix="/hooks", tags=["hooks"])
