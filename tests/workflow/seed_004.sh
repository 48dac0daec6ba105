# The calls of seed 004, as it writes them. The test puts in host, ids and key.

# generate
curl -X POST "http://localhost:8000/api/video/generate" \
  -H "Content-Type: application/json" \
  -d '{
    "scene_id": "123e4567-e89b-12d3-a456-426614174000",
    "user_id": "987fcdeb-51a2-43d1-9f12-345678901234"
  }'

# status
curl "http://localhost:8000/api/video/generate/tasks/{task_id}"

# monitor
while true; do
  response=$(curl -s "http://localhost:8000/api/video/generate/tasks/{task_id}")
  status=$(echo $response | jq -r '.status')
  progress=$(echo $response | jq -r '.progress')
  step=$(echo $response | jq -r '.current_step')
  echo "Status: $status, Progress: $progress%, Step: $step"
  
  if [ "$status" = "completed" ] || [ "$status" = "failed" ]; then
    if [ "$status" = "completed" ]; then
      video_url=$(echo $response | jq -r '.video_url')
      echo "Video URL: $video_url"
    else
      error=$(echo $response | jq -r '.error_message')
      echo "Error: $error"
    fi
    break
  fi
  
  sleep 5
done
