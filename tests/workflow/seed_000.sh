# The testing guide's own calls, as it writes them. The test puts in host, ids and key.

# upload
curl -X POST http://localhost:8000/api/v3/assets/upload \
  -H "Authorization: Bearer YOUR_TOKEN" \
  -F "uploadType=file" \
  -F "name=Product Image 1" \
  -F "type=image" \
  -F "campaignId=your-campaign-id" \
  -F 'tags=["product", "hero-shot"]' \
  -F "file=@picture.jpg"

# create
curl -X POST http://localhost:8000/api/v3/jobs/from-image-pairs \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer YOUR_TOKEN" \
  -d '{
    "campaignId": "your-campaign-id",
    "clientId": "your-client-id",
    "clipDuration": 6.0,
    "numPairs": 3
  }'

# sub-jobs
curl http://localhost:8000/api/v3/jobs/{job_id}/sub-jobs \
  -H "Authorization: Bearer YOUR_TOKEN"

# job
curl http://localhost:8000/api/v3/jobs/{job_id} \
  -H "Authorization: Bearer YOUR_TOKEN"

# xai
curl https://api.x.ai/v1/models -H "Authorization: Bearer $XAI_API_KEY"
