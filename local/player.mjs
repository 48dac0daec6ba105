// node local/player.mjs CHROMIUM PLAYLIST: plays an HLS playlist in a browser, and says a line of JSON a moment: where it is.
import { createServer } from 'node:http'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'

const [executablePath, playlist] = process.argv.slice(2)
const EVERY = 250
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--mute-audio', '--autoplay-policy=no-user-gesture-required']
const PAGE = '<!doctype html><title>Player</title><video></video><script src="/hls.js"></script>'

const tell = (line) => process.stdout.write(JSON.stringify(line) + '\n')

// A page of its own origin, as a customer's would be.
const script = await readFile(fileURLToPath(import.meta.resolve('hls.js/dist/hls.js')))
const server = createServer((request, answer) => {
  const isScript = request.url === '/hls.js'
  answer.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html' })
  answer.end(isScript ? script : PAGE)
})
await new Promise((listening) => server.listen(0, '127.0.0.1', listening))

const browser = await chromium.launch({ executablePath, args: QUIET })
const page = await browser.newPage()
await page.exposeFunction('tell', tell)
await page.goto(`http://127.0.0.1:${server.address().port}/`)
await page.evaluate(({ playlist, every }) => {
  const video = document.querySelector('video')
  const hls = new Hls()
  hls.on(Hls.Events.ERROR, (_, { fatal, details }) => tell({ error: details, fatal }))
  hls.loadSource(playlist)
  hls.attachMedia(video)
  video.play()
  setInterval(() => {
    const { totalVideoFrames, droppedVideoFrames } = video.getVideoPlaybackQuality()
    tell({ at: video.currentTime, ended: video.ended, shown: totalVideoFrames - droppedVideoFrames })
  }, every)
}, { playlist, every: EVERY })

// Whoever started this ends it.
process.stdin.resume()
process.stdin.on('end', async () => {
  await browser.close()
  process.exit(0)
})
