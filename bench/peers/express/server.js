// Express with express-session, as a contestant of the benchmark.

import {RedisStore} from "connect-redis"
import express from "express"
import session from "express-session"
import {createClient} from "redis"

import {sessionOf} from "./payload.js"

const TWO_WEEKS = 14 * 24 * 60 * 60 * 1000

// Express looks at it when the application is made.
process.env.NODE_ENV = "production"

const stores = {
  // express-session's own, the default where none is named.
  memory: async () => new session.MemoryStore(),
  redis: async () => {
    const client = createClient({url: process.env.BENCH_URL})
    await client.connect()
    return new RedisStore({client})
  },
}

function sessions(store) {
  return session({
    store,
    secret: "the same in every process, as it is in production",
    resave: false,
    saveUninitialized: false,
    cookie: {maxAge: TWO_WEEKS},
  })
}

function plain(request, response) {
  response.send("ok")
}

function read(request, response) {
  const userId = request.session.user_id
  if (userId === undefined) {
    response.sendStatus(500)
  } else {
    response.send(String(userId))
  }
}

function write(request, response) {
  request.session.visits += 1
  response.send(String(request.session.visits))
}

function fresh(request, response) {
  request.session.user_id = 4711
  response.send("ok")
}

function fill(request, response) {
  Object.assign(request.session, sessionOf(request.params.size))
  response.send("ok")
}

const engine = process.argv[2]
const app = express()
app.disable("x-powered-by")
if (engine === "bare") {
  app.get("/plain", plain)
} else {
  app.use(sessions(await stores[engine]()))
  app.get("/plain", plain)
  app.get("/read", read)
  app.get("/write", write)
  app.get("/new", fresh)
  app.get("/fill/:size", fill)
}

const [host, port] = process.env.BENCH_ADDRESS.split(":")
app.listen(Number(port), host)
