# The calls of seed 002, as it writes them. The test puts in host and key.

# generate-script
curl -X POST http://localhost:8080/api/video/generate-script \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer YOUR_SESSION_TOKEN" \
  -d '{
    "description": "Spacious family car with low mileage",
    "title": "2020 Toyota Camry",
    "category": "automotive",
    "price": 18500
  }'

# production
curl -X POST https://vidx-marketplace.azurewebsites.net/api/video/generate-script \
  -H "Content-Type: application/json" \
  -H "Authorization: Bearer YOUR_TOKEN" \
  -d '{
    "description": "Test product",
    "title": "Test",
    "category": "electronics",
    "price": 100
  }'
