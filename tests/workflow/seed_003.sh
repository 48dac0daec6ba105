# The calls of seed 003's walkthrough, as it writes them. The test puts in host, ids and key.

# generate
curl -X POST http://localhost:8000/api/video/generate \
  -H "Content-Type: application/json" \
  -d '{
    "campaign_id": "123",
    "generation_mode": "text_to_video",
    "script": "A cat playing with a ball",
    "style": "social",
    "duration": 5,
    "aspect_ratio": "16:9"
  }'

# status
curl http://localhost:8000/api/video/status/1

# library
curl http://localhost:8000/api/video/library?page=1&per_page=20
