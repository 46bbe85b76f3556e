# Figures on density surfaces from spatstat and sparr, for the tests.
#
#   Rscript tools/r/density.R                 writes tests/golden/density_*.csv (about two minutes)
#   Rscript tools/r/density.R published       prints the same functions on the packages' own data (PBC, Chorley)
#   Rscript tools/r/density.R export FOLDER   writes those data to a folder outside the project, to compare with
#
# The packages' data are under the GPL and stay outside the project; the patterns written here are made by formula.
# tests/golden/density.md says what each file holds.

suppressPackageStartupMessages({
  library(spatstat.geom)
  library(spatstat.explore)
  library(spatstat.data)
  library(sparr)
})

golden <- file.path("tests", "golden")

# ------------------------------------------------------------------ patterns by formula

# Park and Miller's minimal standard generator: exact in double precision, the same on every machine.
seed <- 20190101
uniform <- function() {
  seed <<- (16807 * seed) %% 2147483647
  seed / 2147483647
}
normal <- function() sqrt(-2 * log(uniform())) * cos(2 * pi * uniform())

# Not a rectangle, not convex, 12.8 km each way: 128 pixels of 100 m. Vertices anticlockwise, in metres.
corners <- cbind(
  easting = c(401000, 406200, 408400, 412800, 411200, 412000, 407600, 405200, 402400, 400000),
  northing = c(281400, 280000, 282600, 283800, 286800, 291000, 292800, 288600, 291400, 286000)
)
outline <- owin(poly = list(x = corners[, 1], y = corners[, 2]))

# One point at a time: evenly with chance `even`, else around a centre drawn by `chances`; tried again where outside.
make_points <- function(n, even, centres, sds, chances) {
  points <- matrix(0, n, 2)
  made <- 0
  while (made < n) {
    if (uniform() < even) {
      at <- c(400000 + 12800 * uniform(), 280000 + 12800 * uniform())
    } else {
      k <- findInterval(uniform(), c(0, cumsum(chances))[seq_along(chances)])
      at <- centres[k, ] + sds[k] * c(normal(), normal())
    }
    at <- round(at, 1)
    if (inside.owin(at[1], at[2], outline)) {
      made <- made + 1
      points[made, ] <- at
    }
  }
  points
}

town <- rbind(c(405000, 285000), c(409500, 287500), c(403000, 288500))
controls <- make_points(600, 0.35, town, c(1500, 1200, 900), c(0.5, 0.3, 0.2))
cases <- make_points(250, 0.30, rbind(town, c(410300, 289800)), c(1500, 1200, 900, 450), c(0.4, 0.2, 0.1, 0.3))
stopifnot(!anyDuplicated(rbind(controls, cases)))

pattern <- function(points) ppp(points[, 1], points[, 2], window = outline)
patterns <- list(cases = pattern(cases), controls = pattern(controls), pooled = pattern(rbind(cases, controls)))

# ------------------------------------------------------------------ bandwidths

row <- function(pattern, call, value, name = "") {
  data.frame(pattern = pattern, call = call, part = name, metres = sprintf("%.6f", value))
}

bandwidths <- function(pp, name, scale = 1) {
  scott <- bw.scott(pp)
  rbind(
    row(name, "bw.scott(X)", scott * scale, c("easting", "northing")),
    row(name, "bw.scott.iso(X)", bw.scott.iso(pp) * scale),
    row(name, "OS(X)", OS(pp) * scale),
    row(name, "OS(X, scaler = 'sd')", OS(pp, scaler = "sd") * scale),
    row(name, "NS(X)", NS(pp) * scale),
    row(name, "bw.diggle(X)", as.numeric(bw.diggle(pp)) * scale),
    row(name, "bw.diggle(X, correction = 'translate', nr = 2048)",
        as.numeric(bw.diggle(pp, correction = "translate", nr = 2048)) * scale),
    row(name, "bw.ppl(X, ns = 64, shortcut = FALSE)", as.numeric(bw.ppl(pp, ns = 64)) * scale),
    row(name, "LIK.density(X, edge = TRUE, resolution = 128)",
        LIK.density(pp, resolution = 128, verbose = FALSE) * scale),
    row(name, "LIK.density(X, edge = FALSE)", LIK.density(pp, edge = FALSE, verbose = FALSE) * scale),
    row(name, "LSCV.density(X, edge = TRUE, resolution = 128)",
        LSCV.density(pp, resolution = 128, verbose = FALSE) * scale),
    row(name, "LSCV.density(X, edge = FALSE, resolution = 128)",
        LSCV.density(pp, resolution = 128, edge = FALSE, verbose = FALSE) * scale)
  )
}

# The criteria themselves, so that a difference can be told from a search that stopped elsewhere.
criteria <- function(pp, name) {
  sds <- c(150, 250, 400, 600, 800, 1000, 1300, 1700, 2200)
  of <- function(f, edge) sapply(sds, f, pp = pp, res = 256, edge = edge, za = 0)
  least <- sparr:::LSCV.density.spatial.single
  likely <- sparr:::LIK.density.spatial.single
  diggle <- bw.diggle(pp, correction = "translate")
  at <- round(seq(40, length(attr(diggle, "h")) - 1, length.out = 8))
  rbind(
    data.frame(pattern = name, criterion = "least-squares", edge = "uniform", metres = sds, value = of(least, TRUE)),
    data.frame(pattern = name, criterion = "least-squares", edge = "none", metres = sds, value = of(least, FALSE)),
    data.frame(pattern = name, criterion = "likelihood", edge = "uniform", metres = sds, value = of(likely, TRUE)),
    data.frame(pattern = name, criterion = "likelihood", edge = "none", metres = sds, value = of(likely, FALSE)),
    data.frame(pattern = name, criterion = "diggle", edge = "translation", metres = attr(diggle, "h")[at],
               value = attr(diggle, "cv")[at])
  )
}

ripley <- function(pp, name) {
  r <- seq(0, 1800, by = 2)
  k <- Kest(pp, r = r, correction = c("isotropic", "translate", "none"))
  at <- which(r %in% c(100, 200, 400, 600, 900, 1200, 1800))
  data.frame(pattern = name, metres = r[at], isotropic = k$iso[at], translation = k$trans[at], none = k$un[at])
}

# ------------------------------------------------------------------ surfaces

probes <- rbind(c(405050, 285050), c(409550, 287550), c(403050, 288550), c(410350, 289850), c(405250, 288450),
                c(401050, 281650), c(412450, 283950), c(407550, 292350), c(400450, 286050), c(408050, 284050))

look_up <- function(image, at = probes) interp_none(image, at)
# The pixel that a place lies in, never interpolated.
interp_none <- function(image, at) image[list(x = at[, 1], y = at[, 2]), drop = FALSE]

surfaces <- function(pp, name, sigma) {
  out <- NULL
  for (pixels in c(128, 512)) {
    for (edge in c("none", "uniform", "diggle")) {
      image <- density.ppp(pp, sigma = sigma, edge = edge != "none", diggle = edge == "diggle", dimyx = pixels)
      inner <- nearest_centre(image, probes)
      out <- rbind(out, data.frame(
        pattern = name, sigma = sigma, pixels = pixels, edge = edge,
        easting = c(inner[, 1], NA), northing = c(inner[, 2], NA), quantity = c(rep("per m2", nrow(inner)), "integral"),
        value = c(interp_none(image, inner), integral.im(image))))
    }
  }
  out
}

nearest_centre <- function(image, at) {
  cbind(image$xcol[pmax(1, pmin(image$dim[2], floor((at[, 1] - image$xrange[1]) / image$xstep) + 1))],
        image$yrow[pmax(1, pmin(image$dim[1], floor((at[, 2] - image$yrange[1]) / image$ystep) + 1))])
}

# Kernel sums at events themselves, the event included: direct sums, no pixels. spatstat takes every kernel's standard
# deviation per axis, so the radius is sigma times sqrt(6) (Epanechnikov), sqrt(8) (quartic), 2 (disc).
at_events <- function(pp, name, sigma) {
  first <- 1:10
  do.call(rbind, lapply(c("gaussian", "epanechnikov", "quartic", "disc"), function(kernel) {
    value <- density.ppp(pp, sigma = sigma, kernel = kernel, edge = FALSE, at = "points", leaveoneout = FALSE)
    data.frame(pattern = name, sigma = sigma, kernel = kernel, easting = pp$x[first], northing = pp$y[first],
               value = as.numeric(value)[first])
  }))
}

adaptive <- function(pp, name, h0, hp) {
  out <- NULL
  for (edge in c("none", "uniform", "diggle")) {
    f <- bivariate.density(pp, h0 = h0, hp = hp, adapt = TRUE, edge = edge, resolution = 128, intensity = TRUE,
                           verbose = FALSE)
    inner <- nearest_centre(f$z, probes)
    first <- 1:10
    out <- rbind(out, data.frame(
      pattern = name, h0 = h0, hp = hp, edge = edge,
      quantity = c(rep("per m2", nrow(inner)), "integral", "gamma", rep("bandwidth of event", 10)),
      easting = c(inner[, 1], NA, NA, pp$x[first]), northing = c(inner[, 2], NA, NA, pp$y[first]),
      value = c(interp_none(f$z, inner), integral.im(f$z), f$gamma, f$h[first])))
  }
  out
}

risks <- function(h0, simulated) {
  f <- bivariate.density(patterns$cases, h0 = h0, resolution = 128, verbose = FALSE)
  g <- bivariate.density(patterns$controls, h0 = h0, resolution = 128, verbose = FALSE)
  fixed <- risk(f, g, tolerate = TRUE, verbose = FALSE)
  set.seed(1)
  drawn <- tolerance(fixed, method = "MC", ITER = simulated, verbose = FALSE)
  both <- risk(patterns$cases, patterns$controls, h0 = h0, hp = h0, adapt = TRUE, pilot.symmetry = "pooled",
               tolerate = TRUE, verbose = FALSE, resolution = 128)
  inner <- nearest_centre(fixed$rr, probes)
  at <- function(image) interp_none(image, inner)
  rows <- function(kind, quantity, image) {
    data.frame(kind = kind, h0 = h0, quantity = quantity, easting = inner[, 1], northing = inner[, 2], value = at(image))
  }
  rbind(
    rows("fixed", "density of cases", f$z), rows("fixed", "density of controls", g$z),
    rows("fixed", "log relative risk", fixed$rr), rows("fixed", "p upper, asymptotic", fixed$P),
    rows("fixed", paste0("p upper, Monte Carlo, ", simulated), drawn),
    rows("adaptive", "density of cases", both$f$z), rows("adaptive", "density of controls", both$g$z),
    rows("adaptive", "log relative risk", both$rr), rows("adaptive", "p upper, asymptotic", both$P)
  )
}

write_golden <- function(table, name) {
  for (column in c("value", "isotropic", "translation", "none")) {
    if (column %in% names(table)) table[[column]] <- sprintf("%.9e", table[[column]])
  }
  file <- file.path(golden, paste0("density_", name, ".csv"))
  # Line ends as the repository has them, on every machine.
  out <- file(file, open = "wb")
  write.csv(table, out, row.names = FALSE, quote = which(sapply(table, function(c) any(grepl(",", c)))), na = "",
            eol = "\n")
  close(out)
  cat(file, nrow(table), "rows\n")
}

# ------------------------------------------------------------------ the packages' own data

published <- function() {
  data(pbc, package = "sparr", envir = environment())
  ill <- split(pbc)$case
  kinds <- split(spatstat.data::chorley)
  list(pbc_cases = ill, pbc_pooled = unmark(pbc), chorley_larynx = kinds$larynx, chorley_lung = kinds$lung)
}

export <- function(folder) {
  for (name in names(published())) {
    pp <- published()[[name]]
    write.csv(data.frame(x = pp$x, y = pp$y), file.path(folder, paste0(name, ".csv")), row.names = FALSE)
    rings <- do.call(rbind, lapply(seq_along(Window(pp)$bdry), function(i) {
      data.frame(ring = i, x = Window(pp)$bdry[[i]]$x, y = Window(pp)$bdry[[i]]$y)
    }))
    write.csv(rings, file.path(folder, paste0(name, "_outline.csv")), row.names = FALSE)
  }
}

print_published <- function() {
  for (name in names(published())) {
    pp <- published()[[name]]
    show <- function(what, value) cat(name, what, format(value, digits = 8), "\n")
    cat(name, npoints(pp), "points, duplicated", sum(duplicated(pp)), "\n")
    show("bw.scott", bw.scott(pp))
    show("OS", OS(pp))
    show("bw.diggle", as.numeric(bw.diggle(pp)))
    show("bw.ppl", as.numeric(suppressWarnings(bw.ppl(pp))))
    show("LIK.density", LIK.density(pp, verbose = FALSE))
    show("LSCV.density", LSCV.density(pp, verbose = FALSE))
  }
  larynx <- published()$chorley_larynx
  for (edge in c("uniform", "diggle", "none")) {
    image <- density(larynx, sigma = 1.5, edge = edge != "none", diggle = edge == "diggle", dimyx = 128)
    cat("larynx, sigma 1.5, 128 x 128,", edge, format(integral.im(image), digits = 8), "\n")
  }
}

# ------------------------------------------------------------------ what is asked for

asked <- commandArgs(trailingOnly = TRUE)
cat(R.version.string, "\n")
for (package in c("spatstat.geom", "spatstat.explore", "spatstat.data", "sparr")) {
  cat(package, format(packageVersion(package)), "\n")
}
if (length(asked) == 2 && asked[1] == "export") {
  export(asked[2])
} else if (length(asked) == 1 && asked[1] == "published") {
  print_published()
} else {
  both <- rbind(data.frame(kind = "case", easting = cases[, 1], northing = cases[, 2]),
                data.frame(kind = "control", easting = controls[, 1], northing = controls[, 2]))
  write_golden(both, "points")
  write_golden(as.data.frame(corners), "outline")
  each <- function(f, ...) do.call(rbind, lapply(names(patterns), function(name) f(patterns[[name]], name, ...)))
  write_golden(each(bandwidths), "bandwidths")
  write_golden(each(criteria), "criteria")
  write_golden(each(ripley), "ripley")
  write_golden(each(surfaces, sigma = 900), "surfaces")
  write_golden(at_events(patterns$cases, "cases", 900), "at_events")
  write_golden(rbind(adaptive(patterns$cases, "cases", 900, 900), adaptive(patterns$controls, "controls", 700, 900)),
               "adaptive")
  write_golden(risks(900, 999), "risk")
}
